import type { Fault } from "./fault.ts";
import { HIDDEN, shownLines } from "./shown-lines.ts";

/** Of a very long line only what is near the caret is shown. */
const MAX_SHOWN = 100;

/**
 * Faults for a terminal or a log, in the form of compilers: `FILE:LINE:COLUMN: error: message`, the line with a caret,
 * and what was probably meant. Of a line only keys and the values of harmless keys are shown, as the file has
 * them in their place; the rest is `…`.
 */
export function renderFaults(file: string, text: string, faults: readonly Fault[]): string {
  if (faults.length === 0) return "";
  // A file may be one line, and have all its faults in it.
  const shown = shownLines(text, new Set(faults.map(({ position }) => position.line)));
  const lines = new Map([...shown].map(([line, beginning]) => [line, printable(beginning)]));
  return faults.map((fault) => `${render(printable(file), lines.get(fault.position.line) ?? "", fault)}\n`).join("\n");
}

function render(file: string, shown: string, { severity, message, position, suggestion }: Fault): string {
  const { line, column, length } = position;
  // What is hidden begins with the last character that is shown.
  const from = Math.min(column - 1, shown.endsWith(HIDDEN) ? shown.length - 1 : shown.length);
  const start = Math.max(0, from - MAX_SHOWN / 2);
  const end = start + MAX_SHOWN;
  const before = `${start > 0 ? HIDDEN : ""}${shown.slice(start, from)}`;
  const after = `${shown.slice(from, end)}${shown.length > end ? HIDDEN : ""}`;
  const marked = Math.max(1, widthOf(shown.slice(from, Math.min(from + length, end))));
  const margin = `${line}`.padStart(4);
  return [
    `${file}:${line}:${column}: ${severity}: ${message}`,
    `${margin} | ${before}${after}`.trimEnd(),
    `${" ".repeat(margin.length)} | ${" ".repeat(widthOf(before))}${"^".repeat(marked)} ${suggestion ?? ""}`.trimEnd(),
  ].join("\n");
}

export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");

/** Columns of a terminal, near enough: wide scripts and emoji take two, marks that combine take none. */
function widthOf(text: string): number {
  const wide = text.match(/[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{Emoji_Presentation}]/gu)?.length ?? 0;
  const none = text.match(/\p{M}/gu)?.length ?? 0;
  return [...text].length + wide - none;
}
