import type { Match, Near, NumberDetector, Strength } from "../detector.ts";
import type { NumberRun } from "../number-run.ts";
import { ALPHANUMERIC, isAt, LETTER, runStart } from "./characters.ts";
import { PATTERN_ROWS, type PatternRow } from "./national-ids/patterns.ts";
import { NUMBER_ROWS, type NumberRow } from "./national-ids/rows.ts";
import { visitWordsAfter, visitWordsBefore } from "./nearby-words.ts";

/** What a check of digits, and the reading of words nearby, are charged, in units of work. As measured. */
const CHECK_WORK = 2_000;
const WORDS_WORK = 1_000;
const MAX_SIZE = 18;
const MAX_LETTERS = 6;
const NONE: readonly Match[] = [];
const SPACE = " ".charCodeAt(0);
const DASH = "-".charCodeAt(0);
const POINT = ".".charCodeAt(0);
const GAPS: ReadonlySet<number> = new Set(Array.from(" -./", (sign) => sign.charCodeAt(0)));
const SIGNS = /[ .()-]/g;

const codeOf = (country: string): string => `pii.national_id.${country}`;
const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
const ROWS = [...NUMBER_ROWS, ...PATTERN_ROWS];

/** By the sizes of groups one after another: which rows are written so, and which of them need no word beside them. */
type Forms = { readonly next: Forms[]; readonly rows: NumberRow[]; readonly alone: NumberRow[] };
const formsWithout = (): Forms => ({ next: [], rows: [], alone: [] });
const FORMS = formsWithout();
for (const row of NUMBER_ROWS) {
  for (const form of row.forms) {
    let node = FORMS;
    const sizes = form.split("-").map(Number);
    for (const size of sizes) {
      node.next[size] ??= formsWithout();
      node = node.next[size];
    }
    node.rows.push(row);
    if (row.alone !== undefined && (sizes.length > 1 || row.alone.gaps.test(""))) node.alone.push(row);
  }
}

/** By how many letters stand before the digits, and how many digits those are. */
const PATTERNS: (readonly PatternRow[])[] = [];
for (let letters = 0; letters <= MAX_LETTERS; letters++) {
  for (let digits = 0; digits <= MAX_SIZE; digits++) {
    PATTERNS.push(PATTERN_ROWS.filter((row) => row.letters.includes(letters) && row.digits.includes(digits)));
  }
}

export const nationalIdDetector: NumberDetector = {
  kind: "number",
  codes: unique(ROWS.map(({ country }) => codeOf(country))),
  title:
    "Numbers by which states know persons, whose check digits hold, beside a word for them or in a form of their own.",
  sources: unique(ROWS.map(({ source }) => source)),
  context: unique(ROWS.flatMap(({ words }) => words)),
  reach: 128,
  look,
};

function look(run: NumberRun, near: Near): readonly Match[] {
  let found: Match[] | null = null;
  for (let first = 0; first < run.count; first++) {
    const match = run.size(first) > MAX_SIZE ? null : (patternAt(run, first, near) ?? numberAt(run, first, near));
    if (match === null) continue;
    found ??= [];
    found.push(match);
    while (first + 1 < run.count && run.start(first + 1) < match.end) first++;
  }
  return found ?? NONE;
}

function numberAt(run: NumberRun, first: number, near: Near): Match | null {
  let node = FORMS.next[run.size(first)];
  for (let last = first; node !== undefined; last++) {
    const match = node.rows.length === 0 ? null : judgeForm(run, first, last, node, near);
    if (match !== null) return match;
    if (last + 1 >= run.count || !isSingleGap(run, last)) return null;
    node = node.next[run.size(last + 1)];
  }
  return null;
}

const isSingleGap = (run: NumberRun, group: number): boolean =>
  run.start(group + 1) - run.end(group) === 1 && GAPS.has(run.text.charCodeAt(run.end(group)));

function judgeForm(run: NumberRun, first: number, last: number, { rows, alone }: Forms, near: Near): Match | null {
  const { text } = run;
  const start = run.start(first);
  const end = run.end(last);
  const isNear = near(start, end);
  if (!isNear && alone.length === 0) return null;
  if (isAt(text, start - 1, ALPHANUMERIC) || isAt(text, end, ALPHANUMERIC)) return null;
  if (first > 0 && first === last && isFraction(run, first)) return null;
  const digits = run.digits(first, last);
  if (isFiller(digits)) return null;
  // Many rows share a form: what stands nearby is read once for all of them.
  let named: ReadonlySet<AnyRow> | null = isNear ? null : NO_ROWS;
  for (const row of isNear ? rows : alone) {
    if (row.mayBeValid?.(digits) === false) continue;
    named ??= rowsNamed(run, start, end);
    let strength: Strength | undefined;
    if (named.has(row)) strength = row.strength;
    else if (row.alone?.gaps.test(gapsOf(run, first, last))) strength = row.alone.strength;
    if (strength === undefined) continue;
    // What `stdnum` checks takes the longest.
    run.work += CHECK_WORK;
    if (row.isValid(digits)) return { code: codeOf(row.country), start, end, strength };
  }
  return null;
}

/** One digit over and over: zeros hold in most checks. */
function isFiller(digits: string): boolean {
  for (let at = 1; at < digits.length; at++) if (digits.charCodeAt(at) !== digits.charCodeAt(0)) return false;
  return true;
}

const isFraction = (run: NumberRun, group: number): boolean =>
  run.start(group) - run.end(group - 1) === 1 && run.text.charCodeAt(run.end(group - 1)) === POINT;

function gapsOf(run: NumberRun, first: number, last: number): string {
  let gaps = "";
  for (let group = first; group < last; group++) gaps += run.gap(group);
  return gaps;
}

type AnyRow = NumberRow | PatternRow;
const NO_ROWS: ReadonlySet<AnyRow> = new Set();
const ROWS_BY_WORD: ReadonlyMap<string, ReadonlySet<AnyRow>> = new Map(
  ROWS.flatMap(({ words }) => words).map((word) => [word, new Set(ROWS.filter(({ words }) => words.includes(word)))]),
);

/** The rows that have a word which stands nearby. */
function rowsNamed(run: NumberRun, start: number, end: number): ReadonlySet<AnyRow> {
  run.work += WORDS_WORK;
  let named = NO_ROWS;
  const keep = (word: string): boolean => {
    const rows = ROWS_BY_WORD.get(word);
    if (rows !== undefined && rows !== named) named = named.size === 0 ? rows : named.union(rows);
    return false;
  };
  visitWordsBefore(run.text, start, keep);
  visitWordsAfter(run.text, end, keep);
  return named;
}

function isNamed(text: string, start: number, end: number, words: readonly string[]): boolean {
  const isName = (word: string): boolean => words.includes(word);
  return visitWordsBefore(text, start, isName) || visitWordsAfter(text, end, isName);
}

function patternAt(run: NumberRun, first: number, near: Near): Match | null {
  const { text } = run;
  const start = beginOfPattern(run, first);
  if (start < 0) return null;
  let letters = 0;
  while (letters < MAX_LETTERS && isAt(text, start + letters, LETTER)) letters++;
  for (const row of PATTERNS[letters * (MAX_SIZE + 1) + run.size(first)] ?? NONE_ROWS) {
    const match = matchPattern(run, start, row, near);
    if (match !== null) return match;
  }
  return null;
}

const NONE_ROWS: readonly PatternRow[] = [];

/** Where an identifier begins whose first digits are a group, or -1. Most numbers have no letters near and end here. */
function beginOfPattern(run: NumberRun, first: number): number {
  const { text } = run;
  const at = run.start(first);
  if (isAt(text, at - 1, LETTER)) return runStart(text, at, LETTER, MAX_LETTERS);
  const size = run.size(first);
  // `X-1234567-L`, `AB 12 34 56 C`, `12.345.678-K`: few sizes go with a sign before the digits, or few without letters.
  if (size === 7 && text.charCodeAt(at - 1) === DASH && isAt(text, at - 2, LETTER)) return at - 2;
  if (size > 2) return size < 6 ? -1 : at;
  if (size === 2 && text.charCodeAt(at - 1) === SPACE && isAt(text, at - 2, LETTER))
    return runStart(text, at - 1, LETTER, 3);
  return text.charCodeAt(run.end(first)) === POINT && first + 2 < run.count && run.size(first + 1) === 3 ? at : -1;
}

function matchPattern(run: NumberRun, start: number, row: PatternRow, near: Near): Match | null {
  const { text } = run;
  const isNear = near(start, start);
  if (!isNear && row.alone === undefined) return null;
  row.pattern.lastIndex = start;
  const found = row.pattern.exec(text)?.[0];
  if (found === undefined) return null;
  const end = start + found.length;
  if (isAt(text, start - 1, ALPHANUMERIC) || isAt(text, end, ALPHANUMERIC)) return null;
  const value = row.keepsSigns === true ? found.toUpperCase() : found.replace(SIGNS, "").toUpperCase();
  run.work += CHECK_WORK;
  if (!row.isValid(value)) return null;
  const strength = isNear && isNamed(text, start, end, row.words) ? row.strength : row.alone;
  return strength === undefined ? null : { code: codeOf(row.country), start, end, strength };
}
