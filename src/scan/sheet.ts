/**
 * The scanner reads sheets: many texts of a body in one string, so that what costs time costs it once a sheet and not
 * once a text. The marks are control characters, which a body's own texts are cleared of before they get here.
 */

/** Between two texts. INVARIANT: a rewritten sheet has as many of these, in the same order, as the one it came from. */
export const BOUNDARY = "\u0000";
/** In a rewritten sheet: some text was left out here, since nothing near it changed. */
export const CUT = "\u0001";
/** Ends a text that is the name of the text after the next boundary, as `password` is in `{"password": "x"}`. */
export const NAME_END = "\u0002";

/** Characters of unchanged text that a rewritten sheet keeps on each side of a change: enough for words of context. */
export const MARGIN = 96;

/**
 * Another reading of a sheet, such as its base64 decoded. Null where it reads the same. What did not change and lies
 * farther than MARGIN from any change may be replaced by one CUT; boundaries all stay. Takes time linear in the text:
 * what is beyond that is charged to the budget, and given up once it is spent.
 */
export type Rewrite = (sheet: string, budget: Budget) => string | null;

/** Whether a text is ASCII only. The processor's widest instructions tell, far faster than a pattern does. */
export const isAscii = (text: string): boolean => Buffer.byteLength(text, "utf8") === text.length;

/** Units of work, about one for each character read, that may still be done. Counted rather than timed: a scan is pure. */
export class Budget {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  /** False where the budget does not have so much; it then stays exhausted. */
  spend(units: number): boolean {
    this.#left -= units;
    return this.#left >= 0;
  }

  get exhausted(): boolean {
    return this.#left < 0;
  }
}
