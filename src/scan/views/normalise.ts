import { BOUNDARY, type Budget, isAscii, MARGIN, NAME_END, type Rewrite } from "../sheet.ts";
import {
  DROPPED,
  JOINING_JAMO,
  REPLACED,
  readingOf,
  readings,
  replacementOf,
  replacementUnits,
  SAME,
  VOICING,
  VOWEL_SIGN,
} from "./letters.ts";
import { Windows } from "./rewriting.ts";

/** All but white space, the marks of a sheet and what is printed. */
const OUT_OF_PLAIN = new RegExp(`[^${BOUNDARY}-${NAME_END}\\t-\\r\\x20-\\x7e]`);
/** Of ASCII all that is out of plain. To look for each of them takes less time than one pattern for all. */
const CONTROLS: readonly string[] = Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit)).filter((unit) =>
  OUT_OF_PLAIN.test(unit),
);
/** What each unit is charged that a letter is replaced by, where these are several. */
const EXPANSION_COST = 16;
/** Latin, Greek, Cyrillic and Armenian end here: what stands after it may have vowel signs. */
const LAST_PLAIN_ALPHABET = 0x58f;
const IOTA_BELOW = 0x345;
const VOICED_MARK = 0x3099;

/**
 * Reads letters that a reader takes as the same as one: NFKC (UAX #15), no accents, no invisible characters, ASCII
 * digits, dashes, quotes and spaces, no case but that of ASCII letters, which tokens need. Each code point is read by
 * itself, so endless runs of marks take no more time than other text does.
 */
export const normalise: Rewrite = (sheet, budget) => normaliseWith(sheet, budget, MARGIN);

/** Keeps `margin` characters around each change; all of the text where it is infinite. */
export function normaliseWith(text: string, budget: Budget, margin: number): string | null {
  if (isAscii(text) && !CONTROLS.some((control) => text.includes(control))) return null;
  const first = text.search(OUT_OF_PLAIN);
  if (first === -1) return null;
  const windows = new Windows(text, margin);
  const { length } = text;
  for (let at = first; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x7f) {
      if (unit < 0x20 && isControl(unit)) windows.change(at, at + 1);
      continue;
    }
    if (readings[unit] === SAME && (unit & 0xf800) !== 0xd800) continue;
    if (readings[unit] === REPLACED && replacementUnits[unit] !== 0) {
      windows.change(at, at + 1);
      windows.put(replacementUnits[unit] ?? 0);
      continue;
    }
    const codePoint = text.codePointAt(at) ?? unit;
    const reading = readingOf(codePoint);
    const size = codePoint > 0xffff ? 2 : 1;
    if (reading !== SAME && !read(windows, codePoint, reading, at, at + size, budget)) break;
    at += size - 1;
  }
  return windows.finish();
}

const isControl = (unit: number): boolean => unit > 0x0d || (unit > 0x02 && unit < 0x09);

/** False where the budget is spent. */
function read(windows: Windows, codePoint: number, how: number, start: number, end: number, budget: Budget): boolean {
  if (how === VOWEL_SIGN && isVowel(codePoint, windows.before(start))) {
    const parts = replacementOf(codePoint);
    if (parts === "") return true;
    windows.change(start, end);
    windows.putText(parts);
    return budget.spend(parts.length);
  }
  windows.change(start, end);
  if (how === DROPPED || how === VOWEL_SIGN) return true;
  const replacement = replacementOf(codePoint);
  if (how === REPLACED) {
    // A letter for a letter is what reading it costs anyway; what makes a text longer costs each later reading more.
    if (replacement.length > 1 && !budget.spend(EXPANSION_COST * replacement.length)) return false;
    windows.putText(replacement);
    return true;
  }
  join(windows, replacement === "" ? codePoint : replacement.charCodeAt(0), how, end);
  return true;
}

function isVowel(codePoint: number, previous: number): boolean {
  return codePoint === IOTA_BELOW ? previous >= 0x370 && previous < 0x400 : previous > LAST_PLAIN_ALPHABET;
}

function join(windows: Windows, unit: number, how: number, end: number): void {
  const previous = windows.before(end);
  const joined = how === JOINING_JAMO ? syllable(previous, unit) : how === VOICING ? voiced(previous, unit) : 0;
  if (joined !== 0) windows.replaceLast(joined);
  else if (how === JOINING_JAMO) windows.put(unit);
}

const SYLLABLES = 0xac00;
const SYLLABLES_END = 0xd7a4;
const LEADS = 0x1100;
const VOWELS = 0x1161;
const TAILS = 0x11a7;
const LEAD_COUNT = 19;
const VOWEL_COUNT = 21;
const TAIL_COUNT = 28;

/** Composes as the Unicode Standard does by arithmetic (3.12, Conjoining Jamo Behavior); 0 where the two do not join. */
function syllable(previous: number, unit: number): number {
  const lead = previous - LEADS;
  const vowel = unit - VOWELS;
  if (lead >= 0 && lead < LEAD_COUNT && vowel >= 0 && vowel < VOWEL_COUNT) {
    return SYLLABLES + (lead * VOWEL_COUNT + vowel) * TAIL_COUNT;
  }
  const tail = unit - TAILS;
  const open = previous >= SYLLABLES && previous < SYLLABLES_END && (previous - SYLLABLES) % TAIL_COUNT === 0;
  return open && tail > 0 && tail < TAIL_COUNT ? previous + tail : 0;
}

const KANA = 0x3041;
const KANA_END = 0x3100;
/** What each kana is with either of the two marks: found once, since there are long texts of these, too. */
const voicedKana = new Uint16Array(2 * (KANA_END - KANA));
for (let kana = KANA; kana < KANA_END; kana++) {
  for (const mark of [VOICED_MARK, VOICED_MARK + 1]) {
    const composed = String.fromCharCode(kana, mark).normalize("NFC");
    if (composed.length === 1) voicedKana[2 * (kana - KANA) + mark - VOICED_MARK] = composed.charCodeAt(0);
  }
}

const voiced = (previous: number, mark: number): number =>
  previous < KANA || previous >= KANA_END ? 0 : (voicedKana[2 * (previous - KANA) + mark - VOICED_MARK] ?? 0);
