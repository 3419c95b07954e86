/** A run of backslashes halves with each level: more than any program nests. */
const MAX_LEVELS = 16;
/** More than a text of any use has; what reads them takes time for each. */
const MAX_ESCAPES = 200_000;
const BACKSLASH = 0x5c;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(["\\/])|(b)|[fnrt])/g;

/**
 * A text, and what it says once JSON's escapes in it are read (RFC 8259, 7), again and again until nothing changes. Null
 * where that takes more levels, or more escapes, than anything harmless has.
 */
export function unescapedStages(text: string): readonly string[] | null {
  const stages = [text];
  let current = text;
  while (current.includes("\\")) {
    if (holdsTooMany(current)) return null;
    const next = current.replace(ESCAPE, (_, digits?: string, sign?: string, backspace?: string) => {
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
      return sign ?? (backspace === undefined ? " " : "");
    });
    if (next === current) break;
    if (stages.length > MAX_LEVELS) return null;
    stages.push(next);
    current = next;
  }
  return stages;
}

function holdsTooMany(text: string): boolean {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) === BACKSLASH && ++count > MAX_ESCAPES) return true;
  }
  return false;
}
