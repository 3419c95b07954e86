import { KEYWORD, type View } from "../core/finding.ts";
import { Hits } from "./automaton.ts";
import type { CompiledScan } from "./compile.ts";
import { type Detector, type Match, type Near, type NumberDetector, STRENGTHS } from "./detector.ts";
import { isAt, isWithinWord, LETTER } from "./detectors/characters.ts";
import { standsAlone } from "./encoded-keyword.ts";
import { lowerBound } from "./lower-bound.ts";
import { MAX_GROUPS, NumberRun } from "./number-run.ts";
import { Budget, isAscii } from "./sheet.ts";

/** How far before a match, and behind it, a word of context may end. */
const BEFORE = 64;
const AFTER = 32;
/** A run that is longer than what is read of it at once goes on so many groups before its end. */
const OVERLAPPING_GROUPS = 8;
/** What all number detectors together are charged for a run, and for each of its groups: most are rejected at a glance. */
const NUMBER_COST = 24;
const GROUP_COST = 12;
const MIN_GLUED = 5;
const MIN_TELLING = 6;
/**
 * Matches of one detector, or of one list of keywords, in one reading after which it does not look any more: what they
 * are is known by then.
 */
const MAX_MATCHES = 256;

type NumberLook = { readonly look: NumberDetector["look"]; readonly near: Near; readonly index: number };
const NO_MATCHES: readonly Match[] = [];

/** What is told of a sheet: a code, and an offset in its text; the view where it is another than the sheet's. */
export type Report = (code: string, at: number, view?: View) => void;

/**
 * Finds what is in one sheet: one pass of the automaton, then a look at each place that it names. One of these serves
 * one sheet after another; it keeps its buffers, and what it read last until it reads the next.
 */
export class Matcher {
  readonly #compiled: CompiledScan;
  readonly #threshold: number;
  readonly #hits = new Hits();
  readonly #run = new NumberRun();
  /** For each detector with words of context: where such words end, in order. */
  readonly #contexts: readonly (number[] | null)[];
  readonly #near: readonly ((start: number, end: number) => boolean)[];
  readonly #numberDetectors: readonly NumberLook[];
  readonly #wordDetectors: readonly number[];
  readonly #ibanDetectors: readonly number[];
  readonly #sheetDetectors: readonly number[];
  /** For each detector how many matches it had in this reading. */
  readonly #matches: Uint16Array;
  /** The same for each list of keywords. */
  readonly #keywords: Uint16Array;
  /** Where the last keyword of a list ends: of its keywords within keywords one says it all. */
  readonly #lastEnds: Int32Array;
  #text = "";
  #budget = new Budget(0);
  #report: Report = () => {};

  constructor(compiled: CompiledScan) {
    this.#compiled = compiled;
    this.#threshold = STRENGTHS.indexOf(compiled.threshold);
    const { detectors } = compiled;
    this.#contexts = detectors.map(({ context }) => (context === undefined ? null : []));
    this.#matches = new Uint16Array(detectors.length);
    this.#keywords = new Uint16Array(compiled.keywordCodes.length);
    this.#lastEnds = new Int32Array(compiled.keywordCodes.length);
    this.#near = detectors.map((_, index) => (start, end) => this.#isNear(index, start, end));
    const ofKind = (kind: Detector["kind"]) =>
      detectors.flatMap((detector, index) => (detector.kind === kind ? [index] : []));
    this.#numberDetectors = detectors.flatMap((detector, index) => {
      const near = this.#near[index];
      return detector.kind === "number" && near !== undefined ? [{ look: detector.look, near, index }] : [];
    });
    this.#wordDetectors = ofKind("word");
    this.#ibanDetectors = ofKind("iban_head");
    this.#sheetDetectors = ofKind("sheet");
  }

  /** `wholeWords`: keywords count only where no letter stands before or after them, since the text was put together. */
  match(text: string, wholeWords: boolean, budget: Budget, report: Report): void {
    this.#text = text;
    this.#budget = budget;
    this.#report = report;
    for (const ends of this.#contexts) if (ends !== null && ends.length > 0) ends.length = 0;
    this.#matches.fill(0);
    this.#keywords.fill(0);
    this.#lastEnds.fill(0);
    this.#compiled.automaton.run(text, this.#hits);
    this.#lookAtContext(wholeWords);
    this.#lookAtLiterals(wholeWords);
    this.#lookAtNumbers();
    this.#lookAtWords();
    this.#lookAtIbanHeads();
  }

  /** What only shows in a whole sheet as it came, before anything in it is read otherwise. */
  matchWhole(text: string, report: Report): void {
    if (this.#sheetDetectors.length === 0 || isAscii(text)) return;
    this.#report = report;
    for (const index of this.#sheetDetectors) {
      const detector = this.#compiled.detectors[index];
      if (detector?.kind === "sheet") for (const match of detector.look(text)) this.#take(match);
    }
  }

  #lookAtContext(wholeWords: boolean): void {
    const { literals, literalCount } = this.#hits;
    for (let at = 0; at < literalCount; at += 2) {
      const context = this.#compiled.contexts[literals[at] ?? 0];
      if (context === undefined || context === null) continue;
      const end = literals[at + 1] ?? 0;
      if (!this.#isContext(end - context.length, end, wholeWords)) continue;
      for (const detector of context.detectors) this.#contexts[detector]?.push(end);
    }
  }

  #lookAtLiterals(wholeWords: boolean): void {
    const { detectors, targets } = this.#compiled;
    const { literals, literalCount } = this.#hits;
    for (let at = 0; at < literalCount; at += 2) {
      const literal = literals[at] ?? 0;
      const end = literals[at + 1] ?? 0;
      for (const target of targets[literal] ?? []) {
        if (target.kind === "keyword") {
          if (!wholeWords || this.#isTelling(literal, end)) this.#takeKeyword(target.list, end);
        } else if (target.kind === "encoded_keyword") this.#lookAtEncoded(target, end);
        else if (target.kind === "detector") {
          const detector = detectors[target.detector];
          const near = this.#near[target.detector];
          if (detector?.kind !== "literal" || near === undefined || this.#hasEnough(target.detector)) continue;
          const at = end - target.length;
          if (detector.atWordStart === true && isWithinWord(this.#text, at)) continue;
          if (!this.#budget.spend(detector.reach)) return;
          if (this.#take(detector.look(this.#text, at, near))) this.#count(target.detector);
        }
      }
    }
  }

  #takeKeyword(list: number, end: number): void {
    const known = this.#keywords[list] ?? 0;
    if (known >= MAX_MATCHES || this.#lastEnds[list] === end) return;
    this.#keywords[list] = known + 1;
    this.#lastEnds[list] = end;
    this.#report(this.#compiled.keywordCodes[list] ?? KEYWORD, end - 1);
  }

  #lookAtEncoded({ form, list }: { readonly form: string; readonly list: number }, end: number): void {
    const start = end - form.length;
    if (!this.#text.startsWith(form, start) || !standsAlone(this.#text, start, end)) return;
    this.#report(this.#compiled.keywordCodes[list] ?? KEYWORD, start, "decoded");
  }

  #lookAtNumbers(): void {
    if (this.#numberDetectors.length === 0) return;
    const { digits, digitCount } = this.#hits;
    const run = this.#run;
    let done = 0;
    for (let index = 0; index < digitCount; index++) {
      const at = digits[index] ?? 0;
      if (at < done) continue;
      run.read(this.#text, at);
      const isWhole = run.count < MAX_GROUPS;
      done = isWhole ? run.end(run.count - 1) : run.start(MAX_GROUPS - OVERLAPPING_GROUPS);
      if (!this.#budget.spend(NUMBER_COST + GROUP_COST * run.count)) return;
      this.#lookAtNumber(run);
      if (!this.#budget.spend(run.work)) return;
    }
  }

  /** A place that one of them takes is not the next one's too: a card is no phone. */
  #lookAtNumber(run: NumberRun): void {
    let taken: readonly Match[] = NO_MATCHES;
    for (const { look, near, index } of this.#numberDetectors) {
      if (this.#hasEnough(index)) continue;
      const matches = look(run, near);
      if (matches.length > 0) taken = this.#takeNumbers(matches, index, taken);
    }
  }

  /** Answers with all that are taken now. */
  #takeNumbers(matches: readonly Match[], detector: number, taken: readonly Match[]): readonly Match[] {
    const all = [...taken];
    for (const match of matches) {
      if (all.some(({ start, end }) => start < match.end && match.start < end) || !this.#take(match)) continue;
      all.push(match);
      this.#count(detector);
    }
    return all;
  }

  #lookAtWords(): void {
    const { words, wordCount } = this.#hits;
    for (let at = 0; at < wordCount; at += 2) {
      const start = words[at] ?? 0;
      const end = words[at + 1] ?? 0;
      for (const index of this.#wordDetectors) {
        const detector = this.#compiled.detectors[index];
        const near = this.#near[index];
        if (detector?.kind !== "word" || near === undefined || this.#hasEnough(index)) continue;
        if (end - start < detector.minLength || end - start > detector.maxLength) continue;
        if (!this.#budget.spend(detector.reach)) return;
        if (this.#take(detector.look(this.#text, start, end, near))) this.#count(index);
      }
    }
  }

  #lookAtIbanHeads(): void {
    const { ibanHeads, ibanHeadCount } = this.#hits;
    for (let index = 0; index < ibanHeadCount; index++) {
      for (const one of this.#ibanDetectors) {
        const detector = this.#compiled.detectors[one];
        const near = this.#near[one];
        if (detector?.kind !== "iban_head" || near === undefined || this.#hasEnough(one)) continue;
        if (!this.#budget.spend(detector.reach)) return;
        if (this.#take(detector.look(this.#text, ibanHeads[index] ?? 0, near))) this.#count(one);
      }
    }
  }

  #take(match: Match | null): boolean {
    if (match === null || STRENGTHS.indexOf(match.strength) < this.#threshold) return false;
    this.#report(match.code, match.start);
    return true;
  }

  #hasEnough(detector: number): boolean {
    return (this.#matches[detector] ?? 0) >= MAX_MATCHES;
  }

  #count(detector: number): void {
    this.#matches[detector] = (this.#matches[detector] ?? 0) + 1;
  }

  #isNear(detector: number, start: number, end: number): boolean {
    const ends = this.#contexts[detector] ?? [];
    const nearest = ends[lowerBound(ends, start - BEFORE)];
    return nearest !== undefined && nearest <= end + AFTER;
  }

  /** In a text that was put together a longer word may have lost the line that it began. */
  #isContext(start: number, end: number, isPutTogether: boolean): boolean {
    if (isPutTogether && end - start >= MIN_GLUED) return !isAt(this.#text, end, LETTER);
    return this.#isWord(start, end);
  }

  #isWord(start: number, end: number): boolean {
    return !isAt(this.#text, start - 1, LETTER) && !isAt(this.#text, end, LETTER);
  }

  /** In a text that was put together a short keyword may come about by chance, where one word ends and one begins. */
  #isTelling(literal: number, end: number): boolean {
    const { length } = this.#compiled.literals[literal] ?? "";
    return length >= MIN_TELLING || this.#isWord(end - length, end);
  }
}
