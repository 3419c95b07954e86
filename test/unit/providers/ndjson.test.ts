import { describe, expect, test } from "bun:test";
import { MAX_LINE_BYTES, NdjsonLines } from "../../../src/providers/ndjson.ts";
import { ResponseTooLarge } from "../../../src/providers/upstream-errors.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (line: Uint8Array) => new TextDecoder().decode(line);

function linesOf(...pieces: readonly Uint8Array[]): string[] {
  const lines = new NdjsonLines();
  return [...pieces.flatMap((piece) => [...lines.push(piece)]), ...lines.rest()].map(text);
}

describe("lines of a stream", () => {
  test("keep their bytes, newline and carriage return included", () => {
    expect(linesOf(bytes('{"a":1}\n{"b":"é"}\r\n'))).toEqual(['{"a":1}\n', '{"b":"é"}\r\n']);
  });

  test("are the same wherever the network cuts them", () => {
    const whole = bytes('{"a":"é😀"}\r\n\n{"b":2}\n{"c":3}');
    const expected = ['{"a":"é😀"}\r\n', '{"b":2}\n', '{"c":3}\n'];
    for (let at = 0; at <= whole.byteLength; at++) {
      expect(linesOf(whole.subarray(0, at), whole.subarray(at))).toEqual(expected);
    }
    expect(linesOf(...Array.from(whole, (byte) => new Uint8Array([byte])))).toEqual(expected);
  });

  test("begin after a byte order mark, which clients of the protocol cannot read, and only the first has one", () => {
    const marked = bytes("\uFEFF1\n\uFEFF2\n");
    const expected = [bytes("1\n"), bytes("\uFEFF2\n")];
    for (let at = 0; at <= marked.byteLength; at++) {
      const lines = new NdjsonLines();
      expect([...lines.push(marked.subarray(0, at)), ...lines.push(marked.subarray(at))]).toEqual(expected);
    }
    expect(linesOf(bytes("\uFEFF1"))).toEqual(["1\n"]);
    expect(linesOf(bytes("\uFEFF\n"), bytes("2\n"))).toEqual(["2\n"]);
  });

  test("come as soon as they are whole", () => {
    const lines = new NdjsonLines();
    expect(lines.push(bytes("1\n2")).map(text)).toEqual(["1\n"]);
    expect(lines.push(bytes("\n3")).map(text)).toEqual(["2\n"]);
    expect(lines.rest().map(text)).toEqual(["3\n"]);
    expect(lines.rest()).toEqual([]);
  });

  test.each(["", "\n", "\r\n", " \t\r\n\n"])("that are blank (%j) are none", (blank) => {
    expect(linesOf(bytes(blank))).toEqual([]);
  });

  test("may be long", () => {
    const long = `${"x".repeat(1024 * 1024)}\n`;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < long.length; at += 1_000) pieces.push(bytes(long.slice(at, at + 1_000)));
    expect(linesOf(...pieces)).toEqual([long]);
  });

  test("have a bound, whether they end or not", () => {
    const piece = new Uint8Array(MAX_LINE_BYTES / 4).fill(0x78);
    const full = [piece, piece, piece, piece];
    const more = bytes("x");
    expect(() => linesOf(...full, more)).toThrow(ResponseTooLarge);
    expect(() => linesOf(...full, bytes("\n"))).toThrow(ResponseTooLarge);
    const atOnce = new Uint8Array(MAX_LINE_BYTES + 1).fill(0x78, 0, -1).fill(0x0a, -1);
    expect(() => linesOf(atOnce)).toThrow(ResponseTooLarge);
    expect(linesOf(atOnce.subarray(1)).map((line) => line.length)).toEqual([MAX_LINE_BYTES]);
    expect(linesOf(...full.slice(1), bytes("\n"), piece).map((line) => line.length)).toEqual([
      (MAX_LINE_BYTES / 4) * 3 + 1,
      MAX_LINE_BYTES / 4 + 1,
    ]);
  });
});
