import type { Match, SheetDetector } from "../detector.ts";
import { BOUNDARY } from "../sheet.ts";
import { isFlagAt, MIN_SELECTORS, selectorsEnd, selectorsIn, tagsEnd } from "../views/smuggled.ts";
import { INVISIBLE, isInvisible, OVERRIDING, SMUGGLING, traitsOf } from "../views/traits.ts";
import { mixedScript } from "./mixed-script.ts";

const MAY_BE_SELECTOR = /[\ufe00-\ufe0f\udb40]/;
const MAY_OVERRIDE = /[\u202d\u202e]/;
const TAG_LEAD = "\udb40";

/** In a text shorter than this, one invisible character in a word is no accident. */
const LONG_TEXT = 256;
const MAX_OVERRIDDEN = 16;
const POP_DIRECTION = 0x202c;
const LEFT_TO_RIGHT = 0x202d;
const RIGHT_TO_LEFT = 0x202e;

const isAlphanumeric = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || ((unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a);

/** An emoji of a digit has a variation selector, and what shows emoji badly may leave no more of it. */
const isWordBefore = (sheet: string, at: number): boolean => {
  const unit = sheet.charCodeAt(at - 1);
  return isAlphanumeric(unit) && (unit > 0x39 || (sheet.charCodeAt(at) & 0xfff0) !== 0xfe00);
};

const invisible: SheetDetector = {
  kind: "sheet",
  codes: ["evasion.invisible"],
  title: "Invisible characters inside words of ASCII letters or digits.",
  sources: [
    "https://www.unicode.org/reports/tr36/#Non_Visual_Security_Considerations",
    "https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point",
  ],
  reach: 0,
  look: (sheet) => {
    const matches: Match[] = [];
    if ((traitsOf(sheet) & INVISIBLE) === 0) return matches;
    for (let at = invisibleFrom(sheet, 0); at < sheet.length; ) {
      const text = textAround(sheet, at);
      const match = invisibleIn(sheet, at, text.end, text.end - text.start);
      if (match !== null) matches.push(match);
      at = invisibleFrom(sheet, text.end);
    }
    return matches;
  },
};

function invisibleFrom(sheet: string, from: number): number {
  let at = from;
  while (at < sheet.length && !isInvisible(sheet.charCodeAt(at))) at++;
  return at;
}

/** One match for a text, at the first of them. */
function invisibleIn(sheet: string, from: number, limit: number, length: number): Match | null {
  let first = -1;
  let firstEnd = -1;
  let count = 0;
  for (let at = from; at < limit; at++) {
    if (!isInvisible(sheet.charCodeAt(at))) continue;
    const end = invisibleEnd(sheet, at);
    if (isWordBefore(sheet, at) && isAlphanumeric(sheet.charCodeAt(end))) {
      if (first === -1) [first, firstEnd] = [at, end];
      count++;
    }
    at = end - 1;
  }
  if (count === 0) return null;
  const isAccident = count === 1 && length >= LONG_TEXT;
  return { code: "evasion.invisible", start: first, end: firstEnd, strength: isAccident ? "weak" : "medium" };
}

function invisibleEnd(sheet: string, start: number): number {
  let end = start + 1;
  while (isInvisible(sheet.charCodeAt(end))) end++;
  return end;
}

const tagCharacters: SheetDetector = {
  kind: "sheet",
  codes: ["evasion.tag_characters"],
  title: "Text in tag characters, which nobody sees, but for the names of regions in flags.",
  sources: [
    "https://www.unicode.org/charts/PDF/UE0000.pdf",
    "https://www.unicode.org/reports/tr51/#Emoji_Tag_Sequences",
  ],
  reach: 0,
  look: (sheet) => {
    const matches: Match[] = [];
    if ((traitsOf(sheet) & SMUGGLING) === 0) return matches;
    for (let at = sheet.indexOf(TAG_LEAD); at !== -1; at = sheet.indexOf(TAG_LEAD, at + 1)) {
      const end = tagsEnd(sheet, at);
      if (end === at) continue;
      if (!isFlagAt(sheet, at, end))
        matches.push({ code: "evasion.tag_characters", start: at, end, strength: "strong" });
      at = end - 1;
    }
    return matches;
  },
};

const variationSelectors: SheetDetector = {
  kind: "sheet",
  codes: ["evasion.variation_selectors"],
  title: "Variation selectors in a row, which can spell bytes that nobody sees.",
  sources: [
    "https://www.unicode.org/charts/PDF/UE0100.pdf",
    "https://www.unicode.org/faq/vs.html",
    "https://paulbutler.org/2025/smuggling-arbitrary-data-through-an-emoji/",
  ],
  reach: 0,
  look: (sheet) => {
    const matches: Match[] = [];
    if ((traitsOf(sheet) & SMUGGLING) === 0) return matches;
    for (let at = sheet.search(MAY_BE_SELECTOR); at !== -1 && at < sheet.length; at++) {
      const end = selectorsEnd(sheet, at);
      if (end === at) continue;
      if (selectorsIn(sheet, at, end) >= MIN_SELECTORS) {
        matches.push({ code: "evasion.variation_selectors", start: at, end, strength: "strong" });
      }
      at = end - 1;
    }
    return matches;
  },
};

const bidiOverride: SheetDetector = {
  kind: "sheet",
  codes: ["evasion.bidi_override"],
  title: "An override of direction before ASCII letters, which are then seen in another order than they are read.",
  sources: ["https://www.unicode.org/reports/tr9/#Explicit_Directional_Overrides", "https://trojansource.codes/"],
  reach: MAX_OVERRIDDEN,
  look: (sheet) => {
    const matches: Match[] = [];
    if ((traitsOf(sheet) & OVERRIDING) === 0) return matches;
    for (let at = sheet.search(MAY_OVERRIDE); at !== -1 && at < sheet.length; at++) {
      if (sheet.charCodeAt(at) !== LEFT_TO_RIGHT && sheet.charCodeAt(at) !== RIGHT_TO_LEFT) continue;
      const end = overridden(sheet, at + 1);
      if (end > at + 1) matches.push({ code: "evasion.bidi_override", start: at, end, strength: "medium" });
      at = Math.max(at, end - 1);
    }
    return matches;
  },
};

/** After the first ASCII letter or digit that is overridden; `from` where none is. */
function overridden(sheet: string, from: number): number {
  for (let at = from; at < from + MAX_OVERRIDDEN; at++) {
    const unit = sheet.charCodeAt(at);
    if (isAlphanumeric(unit)) return at + 1;
    // What overrides anew is looked at by itself.
    if ((unit >= POP_DIRECTION && unit <= RIGHT_TO_LEFT) || unit === 0x0a || unit < 0x03) return from;
  }
  return from;
}

function textAround(sheet: string, at: number): { readonly start: number; readonly end: number } {
  const end = sheet.indexOf(BOUNDARY, at);
  return { start: sheet.lastIndexOf(BOUNDARY, at) + 1, end: end === -1 ? sheet.length : end };
}

export const evasion: readonly SheetDetector[] = [
  invisible,
  tagCharacters,
  variationSelectors,
  mixedScript,
  bidiOverride,
];
