import type { NumberRun } from "./number-run.ts";

/** `strong`: a checksum or a prefix that nothing else has; `weak`: its form alone, which much else has too. */
export const STRENGTHS = ["weak", "medium", "strong"] as const;
export type Strength = (typeof STRENGTHS)[number];

/** Offsets are UTF-16 code units of the sheet; `end` is exclusive. */
export type Match = {
  readonly code: string;
  readonly start: number;
  readonly end: number;
  readonly strength: Strength;
};

/** Whether one of the detector's own context words ends at most 64 characters before `start`, or 32 behind `end`. */
export type Near = (start: number, end: number) => boolean;

type Described = {
  /** Every code that its matches may have. */
  readonly codes: readonly string[];
  /** What it finds, for the reference: one line, a full sentence. */
  readonly title: string;
  /** Public documentation of the format that it matches. */
  readonly sources: readonly string[];
  /** Whole words, lower-case ASCII letters only. What they do for a match is the detector's to say, by its strength. */
  readonly context?: readonly string[];
  /**
   * What one look is charged to the budget: about the characters that it reads, more where it does more with them. Runs of
   * numbers are charged by their groups instead, and whole sheets not at all: they cost the same whatever is in them.
   */
  readonly reach: number;
};

/** Looks where one of its literals stands in whatever case; the literals say nothing about what is around them. */
export type LiteralDetector = Described & {
  readonly kind: "literal";
  /** Lower-case ASCII without white space. */
  readonly literals: readonly string[];
  /** Whether it looks only where no letter or digit stands before the literal. */
  readonly atWordStart?: boolean;
  /** `at` is where the literal begins. */
  readonly look: (text: string, at: number, near: Near) => Match | null;
};

/** Looks at each run of digit groups, such as `4111 1111 1111 1111`. The run is valid during the call only. */
export type NumberDetector = Described & {
  readonly kind: "number";
  readonly look: (run: NumberRun, near: Near) => readonly Match[];
};

/** Looks at each maximal run of ASCII letters and digits of a length, with at least one digit in it. */
export type WordDetector = Described & {
  readonly kind: "word";
  readonly minLength: number;
  readonly maxLength: number;
  readonly look: (text: string, start: number, end: number, near: Near) => Match | null;
};

/** Looks where two letters with two digits after them begin a word: the head of an IBAN. */
export type IbanHeadDetector = Described & {
  readonly kind: "iban_head";
  readonly look: (text: string, at: number, near: Near) => Match | null;
};

/** Reads whole sheets that are not ASCII only, in linear time, for signs that something was hidden in them. */
export type SheetDetector = Described & {
  readonly kind: "sheet";
  readonly look: (sheet: string) => readonly Match[];
};

export type Detector = LiteralDetector | NumberDetector | WordDetector | IbanHeadDetector | SheetDetector;
