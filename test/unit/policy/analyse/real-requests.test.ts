import { test } from "bun:test";
import { proveAgainstGateway } from "../../../support/diff-against-gateway.ts";

/** `prove-analysis.ts` tries more, of any seed. */
const EFFORT = { runs: 100, requestsPerPair: 24, maxNodes: 10_000, seed: 1 };
/** Far beyond what it takes; for machines that do much else. */
const TIMEOUT_MS = 120_000;

test(
  "what an analysis and a diff deny happens to no request that the gateway reads",
  () => proveAgainstGateway(EFFORT),
  TIMEOUT_MS,
);
