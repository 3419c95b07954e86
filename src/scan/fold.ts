const BEYOND_ASCII = /\P{ASCII}/u;

/**
 * Folds text so that spellings a reader takes as the same compare equal: NFKC (full-width, ligatures, mathematical
 * letters), then upper case, which unlike lower case does not depend on neighbours (the Greek final sigma) and
 * unfolds ß to SS, then NFKC again because upper-casing can decompose.
 */
export function fold(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toUpperCase();
  return text.normalize("NFKC").toUpperCase().normalize("NFKC");
}
