import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineReader } from "../../../src/cli/scan/lines.ts";

const encoder = new TextEncoder();
function linesOf(chunks: readonly (string | Uint8Array)[], maxBytes = 100): readonly (string | null)[] {
  const reader = new LineReader(maxBytes);
  const lines: (string | null)[] = [];
  for (const chunk of chunks) lines.push(...reader.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk));
  return [...lines, ...reader.end()];
}

describe("lines of a stream", () => {
  test.each([
    [["a\nb\n"], ["a", "b"]],
    [["a\nb"], ["a", "b"]],
    [
      ["a", "b\n", "", "c"],
      ["ab", "c"],
    ],
    [["\n\n"], ["", ""]],
    [["a\r\n"], ["a\r"]],
    [[], []],
    [[""], []],
  ])("are parted by newlines, of which the last may be missing: %j", (chunks, lines) => {
    expect(linesOf(chunks)).toEqual(lines);
  });

  test("come as soon as they end", () => {
    const reader = new LineReader(100);
    expect([...reader.push(encoder.encode("a\nb"))]).toEqual(["a"]);
    expect([...reader.push(encoder.encode("c\n"))]).toEqual(["bc"]);
    expect([...reader.end()]).toEqual([]);
  });

  test("are the same however they are cut into chunks, within a character, too", () => {
    const text = "größe 👍\n\n密\r\nlast";
    const bytes = encoder.encode(text);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(bytes.length)), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
        expect(linesOf(chunks)).toEqual(text.split("\n"));
      }),
      { seed: 20_261_122 },
    );
  });

  test("are kept, though a chunk's memory is used again", () => {
    const reader = new LineReader(100);
    const chunk = encoder.encode("abc");
    const first = [...reader.push(chunk)];
    chunk.fill(0x78);
    expect([...first, ...reader.push(encoder.encode("\n"))]).toEqual(["abc"]);
  });

  test("are not read where they are too long, and those behind them are", () => {
    expect(linesOf(["12345\n123456\n1\n"], 5)).toEqual(["12345", null, "1"]);
    expect(linesOf(["123", "456", "789", "\n1"], 5)).toEqual([null, "1"]);
    expect(linesOf(["123456"], 5)).toEqual([null]);
    expect(linesOf(["ééé"], 5)).toEqual([null]);
  });

  test("are not read where they are no UTF-8, and those behind them are", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      expect(linesOf([Uint8Array.from([0x61, ...bytes, 0x0a, 0x62])])).toEqual([null, "b"]);
    }
  });

  test("have no byte order mark", () => {
    expect(linesOf(["\ufeff{}\n"])).toEqual(["{}"]);
  });
});
