/** Classes of ASCII characters, as bits: a look asks for them far more often than it finds anything. */
export const LOWER = 1;
export const UPPER = 2;
export const DIGIT = 4;
/** Of base64 beyond letters and digits, both alphabets, without padding. */
const BASE64_SIGN = 8;
const NAME_SIGN = 16;
const SPACE = 32;
export const LETTER = LOWER | UPPER;
export const ALPHANUMERIC = LETTER | DIGIT;
export const BASE64 = ALPHANUMERIC | BASE64_SIGN;
/** What names of variables, headers and options are made of. */
export const NAME = ALPHANUMERIC | NAME_SIGN;
export const BLANK = SPACE;

const CLASSES = new Uint8Array(128);
function put(characters: string, bits: number): void {
  for (const character of characters) {
    const unit = character.charCodeAt(0);
    CLASSES[unit] = (CLASSES[unit] ?? 0) | bits;
  }
}
put("abcdefghijklmnopqrstuvwxyz", LOWER);
put("ABCDEFGHIJKLMNOPQRSTUVWXYZ", UPPER);
put("0123456789", DIGIT);
put("+/-_", BASE64_SIGN);
put("_-.", NAME_SIGN);
put(" \t\r\n", SPACE);

/** Whether the character at an offset is of one of the classes; never so outside of the text or of ASCII. */
export function isAt(text: string, at: number, classes: number): boolean {
  return ((CLASSES[text.charCodeAt(at)] ?? 0) & classes) !== 0;
}

const BACKSLASH = 0x5c;
/** Letters of the escapes that line ends and tabs become in JSON and in code. */
const OF_ESCAPES: ReadonlySet<number> = new Set(Array.from("nrt", (letter) => letter.charCodeAt(0)));

/** Whether a word goes on at an offset. The `n` of an escaped line end is no part of what stands on the next line. */
export function isWithinWord(text: string, at: number): boolean {
  return isAt(text, at - 1, ALPHANUMERIC) && !endsEscape(text, at);
}

export const endsEscape = (text: string, at: number): boolean =>
  text.charCodeAt(at - 2) === BACKSLASH && OF_ESCAPES.has(text.charCodeAt(at - 1));

/** The end of a run of characters of some classes that begins at `at`; at most `limit` of them are read. */
export function runEnd(text: string, at: number, classes: number, limit: number): number {
  const last = Math.min(text.length, at + limit);
  let index = at;
  while (index < last && isAt(text, index, classes)) index++;
  return index;
}

/** The beginning of a run that ends before `at`. */
export function runStart(text: string, at: number, classes: number, limit: number): number {
  const first = Math.max(0, at - limit);
  let index = at;
  while (index > first && isAt(text, index - 1, classes)) index--;
  return index;
}
