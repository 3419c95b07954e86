const MAX_CHARS = 60;
/** Controls, what nobody sees, halves of surrogate pairs, and what would end the quotes. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}"\\]/gu;

/** A key, id or code as messages show it: in quotes, cut to 60 characters, and nothing in it that moves a cursor. */
export function quoted(name: string): string {
  // INVARIANT: no more is read than is shown, since a key of the file may be as long as the file.
  const chars = [...name.slice(0, 2 * MAX_CHARS + 2)];
  const shown = chars.length > MAX_CHARS ? [...chars.slice(0, MAX_CHARS - 1), "…"] : chars;
  return `"${shown.join("").replace(UNPRINTABLE, escaped)}"`;
}

function escaped(char: string): string {
  if (char === '"' || char === "\\") return `\\${char}`;
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
