import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Finding } from "../../../src/core/finding.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { scan, scanInSteps } from "../../../src/scan/scan.ts";
import { EVASIONS } from "../../measure/evasions.ts";
import { ADVERSARIAL } from "../../measure/timing.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import { anyBody, plantInto, slotsOf, textPlant } from "../../support/plant.ts";

const SEED = 20_261_122;
const compiled = scanFor(["blue heron"], { detectSensitiveData: true });
/** Steps of one sheet and all its readings: two of each kind at each of three depths, and a level of escapes each. */
const STEPS_PER_SHEET = 256;
/** Fewer characters than a sheet has, and how often each text is read: by itself, and joined in two ways. */
const LEAST_SHEET = 16_384;
const PASSES = 3;

const body: fc.Arbitrary<JsonObject> = fc
  .tuple(anyBody, textPlant, fc.constantFrom(...EVASIONS), fc.nat())
  .map(([any, planted, { disguise }, at]) => {
    const slots = slotsOf(any);
    const slot = slots[at % slots.length];
    const disguised = { ...planted, text: `See ${disguise(planted.text)} there.` };
    return slot === undefined ? any : plantInto(any, slot, disguised).body;
  });

const begin = (of: JsonObject) => scanInSteps({ body: of, task: null }, compiled);

describe("scans", () => {
  test("find the same, at once or in steps, the first time or again", () => {
    fc.assert(
      fc.property(body, (one) => {
        const findings = scan({ body: one, task: null }, compiled);
        const steps = begin(one);
        let last = steps.next();
        while (last.done !== true) last = steps.next();
        expect(last.value).toEqual(findings);
        expect(scan({ body: structuredClone(one), task: null }, compiled)).toEqual(findings);
        expect(scan({ body: one, task: null }, scanFor(["blue heron"], { detectSensitiveData: true }))).toEqual(
          findings,
        );
      }),
      { seed: SEED, numRuns: 25 },
    );
  });

  test("find the same while others are under way", () => {
    const several = fc.array(body, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(several, fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), (bodies, turns) => {
        const running = bodies.map((one, index) => ({ index, steps: begin(one) }));
        const results: (readonly Finding[])[] = [];
        for (let turn = 0; running.length > 0; turn++) {
          const at = (turns[turn % turns.length] ?? 0) % running.length;
          const one = running[at];
          const step = one?.steps.next();
          if (one === undefined || step?.done !== true) continue;
          results[one.index] = step.value;
          running.splice(at, 1);
        }
        expect(results).toEqual(bodies.map((one) => scan({ body: one, task: null }, compiled)));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test("find the same after one that nobody finished", () => {
    const long = { prompt: `blue heron ${"d0 ".repeat(25_000)}` };
    const expected = scan({ body: long, task: null }, compiled);
    for (let stop = 1; stop < 12; stop++) {
      const given = begin({ prompt: `${"blue heron 4111 ".repeat(5_000)}` });
      for (let step = 0; step < stop; step++) given.next();
      expect(scan({ body: long, task: null }, compiled)).toEqual(expected);
    }
  });

  test("end after a bounded number of steps, whatever they read", () => {
    const stepsOf = (of: JsonObject): number => {
      let count = 1;
      for (const steps = begin(of); steps.next().done !== true; ) count++;
      return count;
    };
    const mostSteps = (length: number) => STEPS_PER_SHEET * PASSES * (1 + Math.ceil(length / LEAST_SHEET));
    fc.assert(
      fc.property(anyBody, (one) => stepsOf(one) <= mostSteps(JSON.stringify(one).length)),
      { seed: SEED, numRuns: 100 },
    );
    for (const make of Object.values(ADVERSARIAL)) {
      expect(stepsOf({ text: make(6_000), list: [make(1_000), make(1_000)] })).toBeLessThan(mostSteps(8_000));
    }
  });
});
