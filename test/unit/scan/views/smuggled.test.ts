import { describe, expect, test } from "bun:test";
import { BOUNDARY, Budget } from "../../../../src/scan/sheet.ts";
import { smuggledText } from "../../../../src/scan/views/smuggled.ts";

const budget = () => new Budget(1_000_000);
const tags = (text: string) => Array.from(text, (at) => String.fromCodePoint(0xe0000 + at.charCodeAt(0))).join("");
const selectors = (text: string) =>
  Array.from(Buffer.from(text), (byte) => String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16)).join(
    "",
  );

describe("smuggled text", () => {
  test("is read from tag characters", () => {
    expect(smuggledText(`hi ${tags("the secret")}!`, budget())).toBe("hi the secret!");
  });

  test.each(["the secret", "naïve 密码", "a\nb"])("is read from variation selectors: %j", (text) => {
    expect(smuggledText(`😀${selectors(text)}!`, budget())).toBe(`😀${text}!`);
  });

  test("is read byte by byte where it is no UTF-8", () => {
    const bytes = "\u{e0131}\u{e01ef}\u{e0132}\u{e0133}";
    expect(smuggledText(bytes, budget())).toBe("AÿBC");
  });

  test("brings no marks of a sheet", () => {
    expect(smuggledText(`a${selectors("x\u0000\u0001\u0002y")}b${BOUNDARY}`, budget())).toBe(`ax   yb${BOUNDARY}`);
    expect(smuggledText(`a${tags("x\u0000\u0001y")}b`, budget())).toBe("axyb");
  });

  test.each(["plain", "❤️ and 👍🏽", `\u{1f3f4}${tags("gbeng")}\u{e007f}`, "❤\ufe0f\ufe0f\ufe0f\ufe0f", "葛\u{e0100}"])(
    "is not in %j",
    (text) => {
      expect(smuggledText(text, budget())).toBeNull();
    },
  );

  test("is read after a flag that is none", () => {
    const flag = "\u{1f3f4}";
    expect(smuggledText(`${flag}${tags("longer than a name")}\u{e007f}`, budget())).toBe(`${flag}longer than a name`);
  });
});
