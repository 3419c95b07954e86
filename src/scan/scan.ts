import type { ChatRequest } from "../core/chat.ts";
import { BUDGET_EXCEEDED, type Finding, type View } from "../core/finding.ts";
import { Collector } from "./collector.ts";
import type { CompiledScan } from "./compile.ts";
import { learnFirstSeen } from "./first-seen.ts";
import { lowerBound } from "./lower-bound.ts";
import { Matcher, type Report } from "./matcher.ts";
import { opaqueContent } from "./opaque.ts";
import { gather, gatherJoined, isDeeper, MAX_LEVELS, Pace, type Place, ROOT, type Sheet, Sheets } from "./segments.ts";
import { BOUNDARY, Budget, type Rewrite } from "./sheet.ts";
import { decodeInTwo, holdsEncodedText, readEscapes } from "./views/decode.ts";
import { joinLetters, joinLines } from "./views/join.ts";
import { normalise } from "./views/normalise.ts";
import { smuggledText } from "./views/smuggled.ts";
import { unmask } from "./views/unmask.ts";

/** Units of work for one character of a sheet and all its readings, and those that even the smallest sheet has. */
const WORK_PER_CHARACTER = 52;
const SMALLEST_WORK = 100_000;
/** What one pass of the matcher over a character of another reading is charged. */
const READING_COST = 3;
/** How often base64 and the like is decoded out of what was decoded; what is still encoded then counts as not scanned. */
const MAX_DEPTH = 2;
/** What may be between two texts that are one: nothing, where a word is broken, or a space. */
const SEPARATORS = ["", " "] as const;
/** Escapes halve with each level: more levels than any program nests. */
const MAX_ESCAPE_LEVELS = 15;

export type Scannable = Pick<ChatRequest, "body"> & { readonly task: ChatRequest["task"] | null };

/**
 * Looks through every string, number and key of the body: messages of every role, tool definitions, arguments, schemas,
 * names and fields that nobody here understands. What stands side by side is also read as one, as a model reads it, and
 * what is disguised or encoded as what it means. Pure, and never throws: what cannot be scanned is a finding of its own.
 */
export function scan(request: Scannable, compiled: CompiledScan): readonly Finding[] {
  const steps = scanInSteps(request, compiled);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same in steps of a bounded amount of work, for whoever has other things to do in between. */
export function* scanInSteps(request: Scannable, compiled: CompiledScan): Generator<void, readonly Finding[]> {
  const pace = new Pace();
  if (yield* isDeeper(request.body, MAX_LEVELS, pace))
    return [{ code: BUDGET_EXCEEDED, path: "", view: "raw", count: 1 }];
  const opaque = opaqueContent(request);
  if (!compiled.active) return opaque;
  yield;
  const collector = new Collector();
  const sheets = new Sheets();
  yield* gather(request.body, ROOT, sheets, pace);
  const joined = SEPARATORS.map((separator) => ({ separator, sheets: new Sheets() }));
  yield* gatherJoined(request.body, joined, pace);
  if (sheets.overflowed || joined.some((one) => one.sheets.overflowed))
    collector.add(BUDGET_EXCEEDED, ROOT, "raw", "raw");
  const reader = new Reader(compiled, collector);
  for (const sheet of sheets.finish()) yield* reader.read(sheet, "raw", "raw");
  for (const { separator, sheets: texts } of joined) {
    for (const sheet of texts.finish()) yield* reader.read(sheet, "joined", `joined by ${separator.length}`);
  }
  return [...opaque, ...collector.findings()];
}

/** One for all scans of a kind: it has thousands of parts, and reads a sheet at once, whoever's turn it is. */
const matchers = new WeakMap<CompiledScan, Matcher>();

function matcherOf(compiled: CompiledScan): Matcher {
  const known = matchers.get(compiled);
  if (known !== undefined) return known;
  const matcher = new Matcher(compiled);
  matchers.set(compiled, matcher);
  return matcher;
}

/** Reads sheets, each in every way there is, within one budget each. */
class Reader {
  readonly #matcher: Matcher;
  readonly #collector: Collector;
  #sheet: Sheet = { text: "", places: [] };
  #isJoined = false;
  #budget = new Budget(0);

  constructor(compiled: CompiledScan, collector: Collector) {
    this.#matcher = matcherOf(compiled);
    this.#collector = collector;
  }

  *read(sheet: Sheet, view: View, reading: string): Generator<void, void> {
    this.#sheet = sheet;
    this.#isJoined = view === "joined";
    this.#budget = new Budget(SMALLEST_WORK + WORK_PER_CHARACTER * sheet.text.length);
    this.#match(sheet.text, view, reading);
    yield* learnFirstSeen(sheet.text);
    this.#matcher.matchWhole(sheet.text, this.#reporter(sheet.text, view, reading));
    yield;
    yield* this.#readOtherwise(sheet.text, view, 0, reading);
    if (!this.#budget.exhausted) return;
    // Which of the sheet's texts took so long nobody asks: one of them did.
    for (const place of new Set(sheet.places)) this.#collector.add(BUDGET_EXCEEDED, place, view, view);
  }

  /** The readings of a text that was matched as it is: undisguised, put together, decoded, and all of that again. */
  *#readOtherwise(text: string, view: View, depth: number, path: string): Generator<void, void> {
    if (depth > 0) yield* learnFirstSeen(text);
    const readings = [text, ...(yield* this.#undisguised(text))];
    yield;
    for (const [index, reading] of readings.entries()) {
      const name = `${path} ${index}`;
      if (index > 0) this.#matchAgain(reading, view === "raw" ? "normalised" : view, name, false);
      yield;
      for (const joinWhat of [joinLetters, joinLines]) {
        const joined = this.#rewritten(joinWhat, reading);
        if (joined === null) continue;
        this.#matchAgain(joined, depth === 0 ? "joined" : view, `${name} ${joinWhat.name}`, joinWhat === joinLines);
        yield;
      }
    }
    for (const index of new Set([0, readings.length - 1])) {
      yield* this.#readDecoded(readings[index] ?? text, depth, `${path} ${index} decoded`);
    }
  }

  /** Signs that nobody sees may stand between letters, or be letters themselves: both are tried. */
  *#undisguised(text: string): Generator<void, readonly string[]> {
    const shown = this.#rewritten(smuggledText, text);
    const readings: string[] = [];
    for (const start of shown === null ? [text] : [text, shown]) {
      if (start !== text) {
        readings.push(start);
        yield* learnFirstSeen(start);
      }
      // Look-alikes come first, since the other case of a letter looks like another one.
      const unmasked = this.#rewritten(unmask, start);
      for (const reading of unmasked === null ? [start] : [start, unmasked]) {
        const normalised = this.#rewritten(normalise, reading);
        if (normalised !== null) {
          yield;
          readings.push(normalised);
        } else if (reading === unmasked) readings.push(unmasked);
      }
    }
    return readings;
  }

  #rewritten(rewrite: Rewrite, text: string): string | null {
    return this.#budget.exhausted ? null : rewrite(text, this.#budget);
  }

  *#readDecoded(text: string, depth: number, name: string): Generator<void, void> {
    if (depth === MAX_DEPTH) {
      if (holdsEncodedText(text, this.#budget)) this.#budget.spend(Number.POSITIVE_INFINITY);
      yield* this.#readMoreEscapes(text, name);
      return;
    }
    if (this.#budget.exhausted) return;
    const { partly, wholly } = decodeInTwo(text, this.#budget);
    yield;
    if (partly !== null) this.#matchAgain(partly, "decoded", `${name} partly`, false);
    if (wholly === null) return;
    this.#matchAgain(wholly, "decoded", name, false);
    yield;
    yield* this.#readOtherwise(wholly, "decoded", depth + 1, name);
  }

  /** Escapes upon escapes, as JSON within JSON within JSON has them, cost little and may go deeper. */
  *#readMoreEscapes(text: string, name: string): Generator<void, void> {
    let current = text;
    for (let level = MAX_DEPTH; level < MAX_ESCAPE_LEVELS; level++) {
      const next = this.#rewritten(readEscapes, current);
      if (next === null) return;
      this.#matchAgain(next, "decoded", `${name} ${level}`, false);
      yield;
      current = next;
    }
    this.#budget.spend(Number.POSITIVE_INFINITY);
  }

  #matchAgain(text: string, view: View, reading: string, wholeWords: boolean): void {
    if (this.#budget.spend(READING_COST * text.length)) this.#match(text, view, reading, wholeWords);
  }

  #match(text: string, view: View, reading: string, wholeWords = false): void {
    this.#matcher.match(text, wholeWords, this.#budget, this.#reporter(text, view, reading));
  }

  #reporter(text: string, view: View, reading: string): Report {
    const placeAt = placesOf(text, this.#sheet.places);
    const isOverSeveral = this.#isJoined;
    return (code, at, foundIn = view) => this.#collector.add(code, placeAt(at), foundIn, reading, isOverSeveral);
  }
}

/** Which text of a sheet an offset is in: as many boundaries are before it. They are counted once something is found. */
function placesOf(text: string, places: readonly Place[]): (at: number) => Place {
  let boundaries: number[] | null = null;
  return (at) => {
    boundaries ??= boundariesOf(text);
    return places[lowerBound(boundaries, at)] ?? ROOT;
  };
}

function boundariesOf(text: string): number[] {
  const boundaries: number[] = [];
  for (let at = text.indexOf(BOUNDARY); at >= 0; at = text.indexOf(BOUNDARY, at + 1)) boundaries.push(at);
  return boundaries;
}
