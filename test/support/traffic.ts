import type { Admission, Permit, ProviderTraffic, Traffic } from "../../src/gateway/traffic/contract.ts";

const PERMIT: Permit = { kind: "permit", began: () => {}, end: () => {} };

const OPEN: ProviderTraffic = {
  enter: async () => PERMIT,
  takeRetry: () => true,
  status: () => ({ inFlightCount: 0, queuedCount: 0, maxConcurrency: 1_000, circuits: [], pauses: [] }),
};

/** Lets every call and every retry pass, and learns nothing. */
export const openTraffic = (): Traffic => ({ of: () => OPEN });

/** Takes in everybody at once. */
export const openAdmission = (): Admission => ({
  enter: async () => ({ kind: "place", leave: () => {} }),
  status: () => ({ inFlightCount: 0, queuedCount: 0 }),
});
