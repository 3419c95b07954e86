const BEYOND_ASCII = /\P{ASCII}/u;

/**
 * More marks on one letter than any writing has (UAX #15 takes 30 as the limit of its stream-safe format).
 * Normalising such a run takes time that grows with its square. FF9E and FF9F are letters that become marks.
 */
const ENDLESS_MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u;

/** One letter can stand for eighteen (U+FDFA). Text of such letters is no text, and small ones cost nothing. */
const MAX_GROWTH = 4;
const SMALL = 65_536;

/**
 * Joiners, soft hyphens, marks of direction and the like (UAX #44), and control characters but for those that are white
 * space: nobody sees them, and they break a word in two.
 */
const INVISIBLE = /[[\p{Default_Ignorable_Code_Point}\p{Cc}\ufff9-\ufffb]--[\t\n\v\f\r\x85]]+/gv;

/** A text without what nobody sees; where there was some, also with white space in its place, as it may be meant. */
export function visibleViews(text: string): readonly string[] {
  const visible = text.replace(INVISIBLE, "");
  return visible.length === text.length ? [text] : [visible, text.replace(INVISIBLE, " ")];
}

/**
 * Folds visible text so that spellings a reader takes as the same compare equal: NFKC (full-width, ligatures,
 * mathematical letters), lower and then upper case (which takes ß, ẞ and SS as one and does not depend on neighbours, as
 * lower case alone does for the Greek final sigma), then NFKC again because a change of case can decompose.
 * Any white space counts as one space. Null for text that is not worth the time it would take.
 */
export function fold(text: string): string | null {
  if (!BEYOND_ASCII.test(text)) return oneSpace(text.toUpperCase());
  if (ENDLESS_MARKS.test(text)) return null;
  const normalized = text.normalize("NFKC");
  if (normalized.length > SMALL && normalized.length > MAX_GROWTH * text.length) return null;
  return oneSpace(normalized.toLowerCase().toUpperCase().normalize("NFKC"));
}

/** A phrase is the same phrase where its line is broken. NEL is white space to Unicode and not to `\s`. */
const oneSpace = (text: string): string => text.replace(/[^\S ][\s\x85]*|\x85[\s\x85]*| [\s\x85]+/g, " ");
