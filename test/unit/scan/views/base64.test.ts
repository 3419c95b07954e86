import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../../src/scan/sheet.ts";
import { decode, holdsEncodedText } from "../../../../src/scan/views/decode.ts";

const budget = () => new Budget(1e9);
const decoded = (text: string) => decode(text, budget());
const base64 = (text: string) => Buffer.from(text).toString("base64");
const ADDRESS = "jane.roe@example.net";

/** Text as people write it: words of a few scripts, numbers, addresses. */
const word = fc.constantFrom(
  "Jane",
  "meeting",
  "4111 1111",
  "Zürich",
  "привет",
  "jane@example.net",
  "tel:",
  "東京都庁",
  "x=1",
);
const prose = fc.array(word, { minLength: 4, maxLength: 40 }).map((words) => words.join(" "));

describe("base64", () => {
  test("is read where it stands, whatever text it is", () => {
    fc.assert(
      fc.property(prose, fc.constantFrom<BufferEncoding>("base64", "base64url"), (text, encoding) => {
        const encoded = Buffer.from(text).toString(encoding);
        expect(decoded(`my secret: ${encoded}, so there`)).toBe(`my secret: ${text}, so there`);
      }),
    );
  });

  test("is read without its padding", () => {
    for (const text of ["450 0840", "555 01001", "jane roe 1", "jane roe 12"]) {
      expect(decoded(base64(text).replace(/=+$/, ""))).toBe(text);
    }
  });

  test("is read as short as a phone number", () => {
    expect(decoded(`call ${base64("450 0840")} now`)).toBe("call 450 0840 now");
  });

  test.each([
    [76, "\r\n"],
    [64, "\n"],
    [64, "\n    "],
    [64, "\n> "],
  ])("is read over lines of %d characters", (width, gap) => {
    const text = `${ADDRESS} and more `.repeat(9);
    const lines = base64(text).match(new RegExp(`.{1,${width}}`, "g")) ?? [];
    expect(decoded(`begin\n${lines.join(gap)}\nend`)).toBe(`begin\n${text}\nend`);
  });

  test("does not swallow the word after its last line", () => {
    const text = "jane.roe@example.net and some more words again! ".repeat(3);
    const lines = base64(text).replace(/.{64}/g, "$&\n");
    expect(decoded(`${lines}end`)).toBe(`${text}\nend`);
    expect(decoded(`${lines}${base64("and on")}\nMTIz`)).toBe(`${text}and on\nMTIz`);
  });

  test("is read over lines whose ends are escaped", () => {
    const text = `${ADDRESS} and more `.repeat(9);
    const lines = base64(text).replace(/.{64}/g, "$&\n");
    expect(decoded(JSON.stringify(lines))).toBe(`"${text}"`);
  });

  test.each(["/", "-", "_", "+", "="])("is read after %s", (sign) => {
    expect(decoded(`v1${sign}${base64(ADDRESS)}`)).toBe(`v1${sign}${ADDRESS}`);
  });

  test("is read as a part of a path", () => {
    const text = "jane.roe@example.org!";
    expect(decoded(`/users/${base64(text)}/list`)).toBe(`/users/${text}/list`);
  });

  test.each(["x", "xy", "xyz"])("is read with %s before it", (prefix) => {
    expect(decoded(prefix + base64(ADDRESS))).toBe(prefix + ADDRESS);
  });

  test("is read in UTF-16, as PowerShell has it", () => {
    expect(decoded(Buffer.from(ADDRESS, "utf16le").toString("base64"))).toBe(ADDRESS);
    expect(decoded(Buffer.from(`\ufeff${ADDRESS}`, "utf16le").toString("base64"))).toContain(ADDRESS);
  });

  test("is read piece by piece in a token of three parts", () => {
    const token = `${base64('{"alg":"HS256"}')}.${base64('{"sub":"12345"}')}`.replaceAll("=", "");
    expect(decoded(token)).toBe('{"alg":"HS256"}.{"sub":"12345"}');
  });

  test("is left alone where it is no text", () => {
    let state = 7;
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from({ length: 48 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return state >> 16;
      });
      expect(decoded(`sha384-${Buffer.from(bytes).toString("base64")}`)).toBeNull();
    }
  });

  test("is left alone where no encoder would have ended it so", () => {
    expect(decoded("NDUwIDA4NDA")).toBe("450 0840");
    expect(decoded("NDUwIDA4NDB")).toBeNull();
  });

  test("is read where it is short, if it is like what people write", () => {
    expect(decoded(base64('{"a":"b"}'))).toBe('{"a":"b"}');
    expect(decoded(base64("aB3xY7qZ1"))).toBeNull();
    expect(decoded(base64("3333333333333333333333"))).toBeNull();
  });

  test("is read where it begins with an indent", () => {
    const text = `${" ".repeat(40)}${ADDRESS}`;
    expect(decoded(base64(text))).toBe(text);
  });

  test("takes linear time where many texts stand in one run", () => {
    const part = `${base64("ABCDEFGHI")}_`;
    expect(decoded(part.repeat(80_000))).toStartWith("ABCDEFGHI_ABCDEFGHI_");
  });

  test("is not seen in words and names", () => {
    const names = ["documentation", "getElementsByTagName", "XMLHttpRequest", "Undocumented", "explicitDataResidency"];
    for (const name of names) expect(decoded(`the ${name} of it`)).toBeNull();
  });

  test("is noticed where it is left over", () => {
    expect(holdsEncodedText(`see ${base64(ADDRESS)}`, budget())).toBeTrue();
    expect(holdsEncodedText(base64("450 0840"), budget())).toBeTrue();
    expect(holdsEncodedText("see the documentation of getElementsByTagName", budget())).toBeFalse();
  });
});
