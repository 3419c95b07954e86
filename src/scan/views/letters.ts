/** How a code point is read once all that a reader does not see, or takes as the same, is taken away. */
export const SAME = 1;
export const DROPPED = 2;
/** A vowel sign: part of a word after a letter of a script that has such, and nothing but an ornament after others. */
export const VOWEL_SIGN = 3;
export const REPLACED = 4;
/** A Hangul letter that joins the one before it, to make a syllable. */
export const JOINING_JAMO = 5;
/** The marks of voiced kana, which join the letter before them. */
export const VOICING = 6;
export type Reading =
  | typeof SAME
  | typeof DROPPED
  | typeof VOWEL_SIGN
  | typeof REPLACED
  | typeof JOINING_JAMO
  | typeof VOICING;

/** What a person does not see, or sees as an ornament of a letter. */
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]$/u;
const MARK = /^\p{M}$/u;
/** Marks of scripts whose marks are accents, vocalisation that is mostly left out, or ornaments. */
const ORNAMENT =
  /^[[\p{Script=Inherited}\p{Script=Common}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]&&\p{M}]$/v;
/** What the vowels am of Thai and Lao have above them, which are split in two where compatible forms are. */
const AM_SIGN = /^[\u0e4d\u0ecd]$/;
/** A mark that is a letter in upper case: after a letter of its own script only. */
const IOTA_BELOW = "\u0345";
const LINE_END = /^[\x85\u2028\u2029]$/;
const WHITE_SPACE = /^\s$/;
const DASH = /^[\p{Pd}\u2212\u2043]$/u;
const SINGLE_QUOTE = /^[\u2018-\u201b\u2032\u2039\u203a\u02bc]$/;
const DOUBLE_QUOTE = /^[\u201c-\u201f\u00ab\u00bb]$/;
const DIGIT = /^\p{Nd}$/u;
const VOICED = /^[\u3099\u309a]$/;
const JAMO = /^[\u1160-\u11ff]$/;
/** All that is read in another way though neither its compatible form nor its case is another. */
const SPECIAL =
  /[\p{M}\p{Z}\p{Cc}\p{Cf}\p{Nd}\p{Pd}\p{Pi}\p{Pf}\p{Default_Ignorable_Code_Point}\u1160-\u11ff\u2018-\u201f\u2043\u2212\u2032\u02bc]/u;
const COMPOSABLE = /[\u3041-\u30ff][\u3099\u309a]|[\u1100-\u11ff]+/g;

const PLANE = 0x10000;
const COMPATIBILITY_IDEOGRAPHS = 0x2f800;
const COMPATIBILITY_IDEOGRAPHS_END = 0x2fa20;
/** The first two planes, and then the compatibility ideographs, which is all that normalising changes. */
const KNOWN = 2 * PLANE + COMPATIBILITY_IDEOGRAPHS_END - COMPATIBILITY_IDEOGRAPHS;

/** Filled as code points are met: what is asked twice is the same twice. Never larger than what Unicode has. */
export const readings = new Uint8Array(KNOWN);
const replacementIndexes = new Uint16Array(KNOWN);
const replacements: string[] = [""];
/** What stands for a code point of the first plane, where that is one unit; 0 where it is more, or none. */
export const replacementUnits = new Uint16Array(PLANE);

/** How a code point that is not ASCII is read. Lone surrogates stay. */
export function readingOf(codePoint: number): number {
  const index = indexOf(codePoint);
  if (index < 0) return codePoint >= 0xe0000 && codePoint < 0xe1000 ? DROPPED : SAME;
  const known = readings[index] ?? 0;
  return known === 0 ? learn(codePoint, index) : known;
}

/** What stands for a code point that is replaced; for a vowel sign, its parts, where it has any. */
export const replacementOf = (codePoint: number): string =>
  replacements[replacementIndexes[indexOf(codePoint)] ?? 0] ?? "";

function indexOf(codePoint: number): number {
  if (codePoint < 2 * PLANE) return codePoint;
  const inBlock = codePoint >= COMPATIBILITY_IDEOGRAPHS && codePoint < COMPATIBILITY_IDEOGRAPHS_END;
  return inBlock ? 2 * PLANE + codePoint - COMPATIBILITY_IDEOGRAPHS : -1;
}

/** Ideographs, syllables, surrogates and private use are most of all code points, and none of them changes. */
const isPlain = (codePoint: number, letter: string): boolean =>
  (codePoint >= 0x3400 && codePoint < 0xa000) ||
  (codePoint >= 0xac00 && codePoint < 0xf900) ||
  (!SPECIAL.test(letter) &&
    letter.toLowerCase() === letter &&
    letter.toUpperCase() === letter &&
    letter.normalize("NFKD") === letter);

function learn(codePoint: number, index: number): Reading {
  const letter = String.fromCodePoint(codePoint);
  const folded = isPlain(codePoint, letter) ? letter : fold(letter);
  const reading = readingAs(letter, folded);
  readings[index] = reading;
  if (folded !== letter && folded !== "") {
    replacementIndexes[index] = replacements.length;
    replacements.push(folded);
    if (folded.length === 1 && codePoint < PLANE) replacementUnits[codePoint] = folded.charCodeAt(0);
  }
  return reading;
}

function readingAs(letter: string, folded: string): Reading {
  const [first] = folded;
  if (first === undefined) return DROPPED;
  if (VOICED.test(folded)) return VOICING;
  if (JAMO.test(folded)) return JOINING_JAMO;
  if (MARK.test(first) || letter === IOTA_BELOW) return VOWEL_SIGN;
  return folded === letter ? SAME : REPLACED;
}

/** Upper and lower case have different decompositions, so both are taken before and after the case is. */
function fold(letter: string): string {
  let folded = "";
  // An accent by itself is a space that has it.
  if (letter.normalize("NFKD").startsWith(" ")) return " ";
  for (const part of stripped(letter)) folded += part < "\x7f" ? part : stripped(caseless(part));
  return folded.replace(COMPOSABLE, (joined) => joined.normalize("NFC"));
}

/** Lower, upper and lower case: only then ß, ẞ and SS are the same, and both sigmas. */
const caseless = (letter: string): string => letter.toLowerCase().toUpperCase().toLowerCase();

function stripped(text: string): string {
  let visible = "";
  for (const part of text.normalize("NFKD")) visible += plain(part);
  return visible;
}

function plain(part: string): string {
  if (part < "\x7f" || VOICED.test(part)) return part;
  if (LINE_END.test(part)) return "\n";
  if (part === IOTA_BELOW) return "\u03b9";
  if (INVISIBLE.test(part) || ORNAMENT.test(part) || AM_SIGN.test(part)) return "";
  // After what is invisible, since JavaScript takes U+FEFF for white space.
  if (WHITE_SPACE.test(part)) return " ";
  if (DASH.test(part)) return "-";
  if (SINGLE_QUOTE.test(part)) return "'";
  if (DOUBLE_QUOTE.test(part)) return '"';
  return DIGIT.test(part) ? digitOf(part) : part;
}

/** Unicode gives the ten digits of each script ten code points in a row, from zero (UAX #44, General_Category Nd). */
function digitOf(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && DIGIT.test(String.fromCodePoint(codePoint - value - 1))) value++;
  return String(value);
}
