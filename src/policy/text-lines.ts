import type { Position } from "./fault.ts";

/** A stretch of the text in UTF-16 code units; `end` is no part of it. */
export type Span = { readonly start: number; readonly end: number };

const BYTE_ORDER_MARK = "\u{feff}";

/** Editors put the mark before a text without anybody seeing it; columns count from after it. */
export const withoutMark = (text: string): string => (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);

/** The lines of a text, which end with LF or CR LF. */
export class TextLines {
  private readonly starts: number[] = [0];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.starts.push(at + 1);
  }

  /** Of what a span has on its first line. The end of the text belongs to its last line that has anything. */
  position({ start, end }: Span): Position {
    const from = Math.min(start, this.endOfText());
    const line = this.lineAt(from);
    const lineStart = this.starts[line - 1] ?? 0;
    const column = Math.min(from - lineStart, this.line(line).length);
    const length = Math.min(end - from, this.line(line).length - column);
    return { line, column: column + 1, length: Math.max(1, length) };
  }

  /** Without what ends it; empty where there is no such line. Lines count from 1. */
  line(number: number): string {
    const start = this.starts[number - 1];
    if (start === undefined) return "";
    const next = this.starts[number] ?? this.text.length + 1;
    const line = this.text.slice(start, next - 1);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  private endOfText(): number {
    return this.text.endsWith("\n") ? this.text.length - 1 : this.text.length;
  }

  private lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }
}
