import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import fc from "fast-check";
import { BUDGET_EXCEEDED } from "../../../src/core/finding.ts";
import { Automaton } from "../../../src/scan/automaton.ts";
import type { CompiledScan } from "../../../src/scan/compile.ts";
import type { Detector } from "../../../src/scan/detector.ts";
import { SECRET_RULES } from "../../../src/scan/detectors/secrets/all.ts";
import { scan } from "../../../src/scan/scan.ts";
import { Budget } from "../../../src/scan/sheet.ts";
import { ADVERSARIAL } from "../../measure/timing.ts";
import { scanFor } from "../../support/compiled-scan.ts";

const SEED = 20_261_122;
const LENGTH = 6_000;
/** Units that a character of a request may cost, of any reading, and those that every sheet has. */
const UNITS_PER_CHARACTER = 64;
const UNITS_PER_SHEET = 200_000;
const READING_COST = 3;
/** What is charged at least for a character that a look may read: most looks are over after a few of them. */
const LEAST_REACH_COST = 0.25;
/** Four times the text may cost four times as much, and a little more for what is read at its end. */
const GROWTH = 4.5;

/** What a scan did, counted where it is done rather than where it is charged. */
const work = { looked: 0, read: 0, spent: 0, exhausted: false };
const automatonRuns: { mockRestore: () => void }[] = [];

/** The same detector, which counts what each of its looks may read. */
function counted(detector: Detector): Detector {
  const look = (...given: readonly unknown[]) => {
    if (detector.kind !== "number" && detector.kind !== "sheet") work.looked += detector.reach;
    return Reflect.apply(detector.look, detector, given);
  };
  return { ...detector, look } as Detector;
}

const plain = scanFor([], { detectSensitiveData: true });
const compiled: CompiledScan = { ...plain, detectors: plain.detectors.map(counted) };

beforeEach(() => {
  const { run } = Automaton.prototype;
  const { spend } = Budget.prototype;
  automatonRuns.push(
    spyOn(Automaton.prototype, "run").mockImplementation(function (this: Automaton, text, hits) {
      work.read += text.length;
      run.call(this, text, hits);
    }),
    spyOn(Budget.prototype, "spend").mockImplementation(function (this: Budget, units) {
      const isPaid = spend.call(this, units);
      if (isPaid) work.spent += units;
      else work.exhausted = true;
      return isPaid;
    }),
  );
});
afterEach(() => {
  for (const run of automatonRuns.splice(0)) run.mockRestore();
});

function measured(text: string) {
  Object.assign(work, { looked: 0, read: 0, spent: 0, exhausted: false });
  const findings = scan({ body: { text }, task: null }, compiled);
  return { ...work, isGivenUp: findings.some(({ code }) => code === BUDGET_EXCEEDED) };
}

/** All that is done is charged, no more is done than is allowed, and what is given up is told. */
function expectBounded(text: string): ReturnType<typeof measured> {
  const done = measured(text);
  // The raw text is read for nothing, and of what is read again it is known before that it can be paid.
  expect(LEAST_REACH_COST * done.looked + READING_COST * (done.read - 2 * text.length)).toBeLessThanOrEqual(done.spent);
  const sheets = 1 + Math.ceil(text.length / 16_384);
  expect(done.spent).toBeLessThanOrEqual(2 * UNITS_PER_CHARACTER * text.length + UNITS_PER_SHEET * sheets);
  expect(done.isGivenUp).toBe(done.exhausted);
  return done;
}

const filled = (unit: string, length: number): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

describe("text that was made to take long", () => {
  test.each(Object.entries(ADVERSARIAL))("takes a bounded amount of work, linear in its length: %s", (_name, make) => {
    const small = expectBounded(make(LENGTH));
    const large = expectBounded(make(4 * LENGTH));
    if (small.exhausted || large.exhausted) return;
    expect(large.looked).toBeLessThanOrEqual(GROWTH * small.looked + UNITS_PER_SHEET);
    expect(large.read).toBeLessThanOrEqual(GROWTH * small.read);
  });

  test("takes a bounded amount of work where it repeats what a rule begins with", () => {
    const literals = new Set(SECRET_RULES.flatMap((rule) => rule.literals));
    for (const literal of literals) {
      for (const unit of [literal, `${literal.toUpperCase()} `]) expectBounded(filled(unit, 1_024));
    }
  });

  test("takes a bounded amount of work where few characters make it up", () => {
    const unit = fc.string({
      unit: fc.constantFrom(..."04aAeE.-_@=%\\&#;:/ \n\u200b\u0301\ufdfaа\u{1d400}"),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: 20_000 }), (one, length) => {
        expectBounded(filled(one, length));
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test("takes a bounded amount of work where encodings are within encodings", () => {
    const encodings: readonly ((text: string) => string)[] = [
      (text) => Buffer.from(text).toString("base64"),
      (text) => Buffer.from(text).toString("hex"),
      (text) => encodeURIComponent(text),
      (text) => JSON.stringify(text),
      (text) => text.replace(/[^a-z]/g, (unit) => `&#${unit.charCodeAt(0)};`),
      (text) => text.replace(/[^a-z]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...encodings), { minLength: 1, maxLength: 7 }), (layers) => {
        let text = "The quick brown fox, and 4111 1111. ".repeat(4);
        for (const encode of layers) text = encode(text).slice(0, 40_000);
        expectBounded(text);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe("a budget", () => {
  test("pays until it is spent, and no more after that", () => {
    const budget = new Budget(10);
    expect([budget.spend(4), budget.spend(6), budget.exhausted]).toEqual([true, true, false]);
    expect([budget.spend(1), budget.exhausted, budget.spend(0)]).toEqual([false, true, false]);
    expect(new Budget(5).spend(Number.POSITIVE_INFINITY)).toBe(false);
  });
});
