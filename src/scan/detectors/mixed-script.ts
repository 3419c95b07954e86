import type { Match, SheetDetector } from "../detector.ts";
import { DROPPED, readingOf } from "../views/letters.ts";
import { targetOf } from "../views/look-alikes.ts";
import { ALIKE as HAS_ALIKE, traitsOf } from "../views/traits.ts";

const MIN_LETTERS = 4;
/** Of an escape such as `\n`, or `\fI` in a manual page: they belong to the backslash rather than to the word. */
const MAX_ESCAPE = 2;
const BACKSLASH = 0x5c;
const LETTER = /^\p{L}$/u;
const LATIN = /^\p{Script=Latin}$/u;
const GREEK = /^\p{Script=Greek}$/u;
/** Alphabets that are written from left to right and have letters that are drawn as those of Latin are. */
const ALIKE =
  /^[\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Coptic}\p{Script=Cherokee}\p{Script=Lisu}\p{Script=Deseret}\p{Script=Osage}\p{Script=Carian}\p{Script=Lycian}\p{Script=Old_Italic}\p{Script=Tifinagh}]$/u;
/** Small letters that are only alike in the shape of their capitals, and stand for a quantity more often. */
const ONLY_CAPITALS_ALIKE =
  /^[\u0431-\u0434\u043a\u043c\u043d\u0442\u03b2\u03b5\u03b6\u03b7\u03ba\u03bc\u03c4\u03c7\u03bb\u03b8\u03c6]$/;

/** What a letter is to this detector. */
const NONE = 1;
const LATIN_LETTER = 2;
const ALIKE_LETTER = 3;
const OTHER_LETTER = 4;
const UNSEEN = 5;
/** Added to the kind of a letter that is alike. */
const IS_GREEK = 8;
const IS_CAPITAL = 16;
const KIND = 7;
const KNOWN = 0x20000;
const kinds = new Uint8Array(KNOWN);

/** One word, as far as it was read; kept between calls of `look` only for its memory. */
class Word {
  start = 0;
  letters = 0;
  latin = 0;
  alike = 0;
  others = 0;
  greek = 0;
  lastAlike = 0;
  lastLatin = 0;
  hasSmallLatin = false;
  hasCapitalAlike = false;

  clear(start: number): void {
    this.start = start;
    this.letters = this.latin = this.alike = this.others = this.greek = this.lastAlike = this.lastLatin = 0;
    this.hasSmallLatin = this.hasCapitalAlike = false;
  }

  add(codePoint: number, kindAndMore: number): void {
    const kind = kindAndMore & KIND;
    this.letters++;
    if (kind === LATIN_LETTER) {
      this.latin++;
      this.lastLatin = this.letters;
      if (codePoint > 0x5a) this.hasSmallLatin = true;
    } else if (kind === ALIKE_LETTER) {
      this.alike++;
      this.lastAlike = this.letters;
      if ((kindAndMore & IS_GREEK) !== 0) this.greek++;
      if ((kindAndMore & IS_CAPITAL) !== 0) this.hasCapitalAlike = true;
    } else this.others++;
  }

  /** A Greek letter at either end is a quantity, and an ending after capitals that of an inflected abbreviation. */
  get isDisguised(): boolean {
    if (this.letters < MIN_LETTERS || this.alike === 0 || this.latin === 0 || this.others > 0) return false;
    const isAtEdge = this.alike === 1 && (this.lastAlike === 1 || this.lastAlike === this.letters);
    if (isAtEdge && this.greek === 1) return false;
    const isEnding = this.lastAlike === this.letters && !this.hasSmallLatin && !this.hasCapitalAlike;
    return !(isEnding && this.alike <= 2);
  }
}

const word = new Word();

export const mixedScript: SheetDetector = {
  kind: "sheet",
  codes: ["evasion.mixed_script"],
  title: "A word of Latin letters and of letters of another script that look like Latin ones.",
  sources: [
    "https://www.unicode.org/reports/tr39/#Mixed_Script_Detection",
    "https://www.unicode.org/reports/tr39/#Confusable_Detection",
  ],
  reach: 0,
  look: (sheet) => {
    const matches: Match[] = [];
    if ((traitsOf(sheet) & HAS_ALIKE) === 0) return matches;
    const { length } = sheet;
    let wordStart = -1;
    for (let at = 0; at < length; at++) {
      const unit = sheet.charCodeAt(at);
      if (unit < 0x80) {
        const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
        if (!isLetter) wordStart = -1;
        else if (wordStart === -1) wordStart = at;
        continue;
      }
      const codePoint = sheet.codePointAt(at) ?? unit;
      const kind = kindOf(codePoint) & KIND;
      if (kind === ALIKE_LETTER) {
        const end = readWord(sheet, wordStart === -1 ? at : wordStart);
        if (word.isDisguised && !isEscaped(sheet))
          matches.push({ code: "evasion.mixed_script", start: word.start, end, strength: "medium" });
        wordStart = -1;
        at = end - 1;
        continue;
      }
      if (kind === NONE) wordStart = -1;
      else if (wordStart === -1) wordStart = at;
      if (codePoint > 0xffff) at++;
    }
    return matches;
  },
};

const isEscaped = (sheet: string): boolean =>
  sheet.charCodeAt(word.start - 1) === BACKSLASH && word.latin === word.lastLatin && word.latin <= MAX_ESCAPE;

/** Answers with where the word ends. */
function readWord(sheet: string, start: number): number {
  word.clear(start);
  let at = start;
  while (at < sheet.length) {
    const codePoint = sheet.codePointAt(at) ?? 0;
    const kind = kindOf(codePoint);
    if (kind === NONE) break;
    if (kind !== UNSEEN) word.add(codePoint, kind);
    at += codePoint > 0xffff ? 2 : 1;
  }
  return at;
}

/** What a code point is to the question whether a word is of two scripts. */
export function kindOf(codePoint: number): number {
  if (codePoint >= KNOWN) return NONE;
  const known = kinds[codePoint] ?? 0;
  if (known !== 0) return known;
  const kind = classify(codePoint);
  kinds[codePoint] = kind;
  return kind;
}

function classify(codePoint: number): number {
  const letter = String.fromCodePoint(codePoint);
  if (codePoint >= 0x80 && readingOf(codePoint) === DROPPED) return UNSEEN;
  if (!LETTER.test(letter)) return NONE;
  if (LATIN.test(letter)) return LATIN_LETTER;
  // Nobody disguises a word with accents.
  const isAlike = letter.normalize("NFKD") === letter && ALIKE.test(letter) && !ONLY_CAPITALS_ALIKE.test(letter);
  if (!isAlike || !/^[A-Za-z]$/.test(targetOf(codePoint))) return OTHER_LETTER;
  const isCapital = letter !== letter.toLowerCase();
  return ALIKE_LETTER + (GREEK.test(letter) ? IS_GREEK : 0) + (isCapital ? IS_CAPITAL : 0);
}
