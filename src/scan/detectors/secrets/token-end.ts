/** Ends the pattern of a token of letters and digits: no more of them follow. */
export const WORD_END = "(?![A-Za-z0-9])";
/** Ends the pattern of a token that may also hold `_` and `-`. */
export const TOKEN_END = "(?![\\w-])";

export const UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/**
 * Begins a pattern of which one of the first `most` characters must be a digit, after `among` others: a random token has
 * one, and the name of a variable or a sentence joined by dashes mostly has none.
 */
export const digitWithin = (most: number, among = "A-Za-z_\\-"): string => `(?=[${among}]{0,${most - 1}}[0-9])`;

/** A prefix with each of the characters after it: one more character of a literal spares most useless looks. */
export const eachAfter = (prefix: string, characters: string): readonly string[] =>
  Array.from(characters, (character) => prefix + character);

export const HEX = "0123456789abcdef";
export const DIGITS = "0123456789";
