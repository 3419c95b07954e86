import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { JsonValue } from "../../../src/core/json.ts";
import { readFeatures, recordFeatures } from "../../../src/core/recorded-features.ts";
import { compilePolicy } from "../../../src/policy/compile.ts";
import { arbitraryDocument, arbitraryFeatures } from "../../support/arbitrary-policy.ts";
import { featuresOf } from "../../support/policy.ts";

const written = (features: Parameters<typeof recordFeatures>[0]): Record<string, JsonValue> =>
  JSON.parse(JSON.stringify(recordFeatures(features)));
const FULL = written(
  featuresOf({
    wish: "known",
    model: "m",
    wishPrice: { input: 1, output: 2 },
    labels: { team: "red" },
    signals: ["a"],
  }),
);

describe("features on record", () => {
  test("come back as they were", () => {
    const features = arbitraryDocument().chain((document) => arbitraryFeatures(compilePolicy(document)));
    fc.assert(fc.property(features, (given) => expect(readFeatures(written(given))).toEqual(given)));
  });

  test.each(Object.keys(FULL))("are none without %s, or where it is of another type", (key) => {
    const { [key]: _, ...rest } = FULL;
    expect(readFeatures(rest)).toBeNull();
    const wrong: readonly JsonValue[] = [-1, 1.5, ["Jane", 1], { Jane: 1 }];
    for (const value of wrong) expect([value, readFeatures({ ...rest, [key]: value })]).toEqual([value, null]);
  });

  test.each([[null], [[]], ["features"], [7], [{}]])("are none in %j", (value) => {
    expect(readFeatures(value)).toBeNull();
  });
});
