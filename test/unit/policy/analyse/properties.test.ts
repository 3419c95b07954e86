import { describe, test } from "bun:test";
import { PROPERTIES, prove } from "../../../support/analysis-properties.ts";

/** Policies, or pairs of them, for each property; `prove-analysis.ts` tries more. */
const RUNS = 75;
/** Policies with more requests are drawn again. */
const MOST_REQUESTS = 2_000;
/** Far beyond what they take; for machines that do much else. */
const TIMEOUT_MS = 120_000;

describe("the analysis, against every request of random policies", () => {
  for (const name of Object.keys(PROPERTIES)) test(name, () => prove(name, RUNS, MOST_REQUESTS), TIMEOUT_MS);
});
