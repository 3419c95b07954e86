const BEYOND_ASCII = /\P{ASCII}/u;

/**
 * More marks on one letter than any writing has (UAX #15 takes 30 as the limit of its stream-safe format).
 * Normalising such a run takes time that grows with its square. FF9E and FF9F are letters that become marks.
 */
const ENDLESS_MARKS = /[\p{M}\uFF9E\uFF9F]{31}/u;

/** One letter can stand for eighteen (U+FDFA). Text of such letters is no text, and small ones cost nothing. */
const MAX_GROWTH = 4;
const SMALL = 65_536;

/** Joiners, soft hyphens, marks of direction and the like (UAX #44): nobody sees them, and they break a word in two. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}+/gu;

/**
 * Folds text so that spellings a reader takes as the same compare equal: NFKC (full-width, ligatures, mathematical
 * letters), lower and then upper case (which takes ß, ẞ and SS as one and does not depend on neighbours, as lower case
 * alone does for the Greek final sigma), then NFKC again because a change of case can decompose. What cannot be seen is
 * left out.
 * Any white space counts as one space. Null for text that is not worth the time it would take.
 */
export function fold(text: string): string | null {
  if (!BEYOND_ASCII.test(text)) return oneSpace(text.toUpperCase());
  if (ENDLESS_MARKS.test(text)) return null;
  const normalized = text.replace(INVISIBLE, "").normalize("NFKC");
  if (normalized.length > SMALL && normalized.length > MAX_GROWTH * text.length) return null;
  return oneSpace(normalized.toLowerCase().toUpperCase().normalize("NFKC"));
}

/** A phrase is the same phrase where its line is broken. */
const oneSpace = (text: string): string => text.replace(/[^\S ]\s*| \s+/g, " ");
