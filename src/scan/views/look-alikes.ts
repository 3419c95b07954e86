import { CONFUSABLES } from "./confusables.ts";
import { DROPPED, JOINING_JAMO, readingOf, replacementOf, SAME, VOICING, VOWEL_SIGN } from "./letters.ts";

/** What a code point is to the question whether a word is disguised. */
export const APART = 1;
/** A letter or digit that looks like nothing in ASCII. */
export const FOREIGN = 2;
/** What normalising makes ASCII, or takes away. */
export const PLAIN = 3;
/** A letter that looks like one of ASCII, or a few. */
export const DISGUISED = 4;
/** A sign that looks like one of ASCII. */
export const SIGN = 5;
/** A dot, where it stands between two letters or digits of ASCII. */
export const DOT = 6;
/** A dash, where it stands between two digits. */
export const DASH = 7;

const KNOWN = 0x20000;
const BASE = 36;
/** Full stops of East Asia, and dots in the middle. */
const DOTS = "\u3002\uff61\u00b7\u2022\u2027\u2219\u22c5\u30fb\uff65";
/** Japanese numbers are often written with the sign of a long vowel for a dash, or with the number one. */
const DASHES = "\u30fc\uff70\u4e00\u2500";
const WORD = /^[0-9A-Za-z]+$/;
const LETTER = /^[\p{L}\p{N}\p{M}]$/u;
/** Text of these has no spaces, so a word in it begins anywhere. */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;

const targetIndexes = new Uint8Array(KNOWN);
const targets: string[] = [""];
/** One for each UTF-16 unit that what may be read as ASCII begins with. */
export const MASKED_UNITS = new Uint8Array(0x10000);
for (const sign of DOTS + DASHES) MASKED_UNITS[sign.charCodeAt(0)] = 1;
for (const line of CONFUSABLES) {
  const [target = "", ...steps] = line.split(" ");
  let source = 0;
  for (const step of steps) {
    source += Number.parseInt(step, BASE);
    targetIndexes[source] = targets.length;
    MASKED_UNITS[String.fromCodePoint(source).charCodeAt(0)] = 1;
  }
  targets.push(target);
}

const classes = new Uint8Array(KNOWN);

/** The ASCII that a code point looks like; empty for one that looks like none. */
export const targetOf = (codePoint: number): string =>
  codePoint < KNOWN ? (targets[targetIndexes[codePoint] ?? 0] ?? "") : "";

/** The one ASCII character that a code point is, or will be once it is unmasked or normalised; 0 where it is no such. */
export function asciiOf(codePoint: number): number {
  if (codePoint < 0x80) return codePoint;
  const reads = targetOf(codePoint) || (readingOf(codePoint) === SAME ? "" : replacementOf(codePoint));
  const unit = reads.length === 1 ? reads.charCodeAt(0) : 0;
  return unit < 0x80 ? unit : 0;
}

/** For code points that are not ASCII. */
export function classOf(codePoint: number): number {
  if (codePoint >= KNOWN) return readingOf(codePoint) === DROPPED ? PLAIN : APART;
  const known = classes[codePoint] ?? 0;
  return known === 0 ? learn(codePoint) : known;
}

function learn(codePoint: number): number {
  const found = classify(codePoint);
  classes[codePoint] = found;
  return found;
}

function classify(codePoint: number): number {
  const letter = String.fromCodePoint(codePoint);
  if (DOTS.includes(letter)) return DOT;
  if (DASHES.includes(letter)) return DASH;
  const target = targetOf(codePoint);
  if (target !== "") return WORD.test(target) ? DISGUISED : SIGN;
  const reading = readingOf(codePoint);
  if (reading === DROPPED || reading === VOWEL_SIGN || reading === VOICING) return PLAIN;
  if (reading !== SAME && reading !== JOINING_JAMO && WORD.test(replacementOf(codePoint))) return PLAIN;
  return LETTER.test(letter) && !UNSPACED.test(letter) ? FOREIGN : APART;
}
