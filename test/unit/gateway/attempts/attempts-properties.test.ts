import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import fc from "fast-check";
import type { MadeCall, Told, World } from "../../../support/attempt-world.ts";
import { start, worlds } from "../../../support/attempt-world.ts";
import { settle } from "../../../support/errands.ts";

const RUNS = 250;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** One that was cut was cut by a limit of ours. */
const mayRepeat = ({ ended }: MadeCall): boolean =>
  ended === "cut" || (typeof ended === "object" && ended?.transient === true);

function checkCalls(world: World, { request, scripted, admittedMs }: Told, calls: readonly MadeCall[]): void {
  const zoneOf = ({ provider }: MadeCall) => world.providers[provider]?.zone ?? "";
  if (scripted.sensitive) {
    for (const call of calls) expect(world.forbidden).not.toContain(zoneOf(call));
  }
  const providers = calls.map(({ provider }) => provider);
  const visited = providers.filter((provider, index) => provider !== providers[index - 1]);
  expect(new Set(visited).size).toBe(visited.length);
  expect(visited.length).toBeLessThanOrEqual(world.maxTargets);
  for (const provider of visited) {
    expect(providers.filter((other) => other === provider).length).toBeLessThanOrEqual(world.retries + 1);
  }
  // Who asked for peace may come back after the others, and only others' calls can have told the gateway so.
  if (world.requests.length === 1) expect(visited).toEqual(visited.toSorted((one, other) => one - other));
  for (const call of calls) {
    expect(call.request).toBe(request);
    expect(call.startedMs).toBeLessThan(admittedMs + world.deadlineSeconds * 1_000);
  }
  for (const [index, call] of calls.slice(0, -1).entries()) {
    const next = calls[index + 1];
    if (next === undefined) throw new Error("there is one");
    const last = call.ended;
    if (!mayRepeat(call)) expect(next.provider).not.toBe(call.provider);
    const category = typeof last === "object" ? last?.category : null;
    if (category === "content_filter" || last === "bug") throw new Error("nobody is asked after that");
    if (category === "context_length") {
      const [failed, other] = [call, next].map(({ provider }) => world.providers[provider]?.contextTokens ?? 0);
      expect(other).toBeGreaterThan(failed ?? 0);
    }
  }
}

/** No provider is called before the time that it asked for, by whichever request. */
function checkPauses(calls: readonly MadeCall[]): void {
  for (const { provider, ended, pausedAtMs } of calls) {
    if (pausedAtMs === null || ended === null || typeof ended === "string") continue;
    const untilMs = pausedAtMs + (ended.retryAfterMs ?? 0);
    const early = calls.filter(
      (call) => call.provider === provider && call.startedMs > pausedAtMs && call.startedMs < untilMs,
    );
    expect(early).toEqual([]);
  }
}

function checkTold(told: Told, calls: readonly MadeCall[]): void {
  const { head, outcome, said, isComplete } = told;
  if (outcome === undefined) throw new Error("a request without its row");
  const sent = outcome.attempts.filter((attempt) => attempt.sent);
  // One that was cut before it was asked for anything called nobody.
  expect(sent.map(({ provider }) => provider)).toEqual(calls.map(({ provider }) => `p${provider}`));
  expect(head.attemptCount).toBe(sent.length);
  const answered = outcome.attempts.findIndex(({ result }) => result === "answered");
  if (answered !== -1) expect(answered).toBe(outcome.attempts.length - 1);
  const last = calls.at(-1);
  if (outcome.status === "succeeded") {
    expect([answered, isComplete]).toEqual([outcome.attempts.length - 1, true]);
    expect(outcome.provider).toBe(`p${last?.provider}`);
    expect(said).toEndWith(last?.name ?? "nobody");
  }
  if (isComplete) expect(outcome.status).toBe("succeeded");
  // Nothing that was given away is of any call but the last.
  expect(said.replaceAll(last?.name ?? "", "")).toBe("");
}

test("whatever providers do, a walk keeps to its rules, and every request has its row and every permit its end", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      jest.clearAllTimers();
      const { told: pending, calls, ends, audit, inFlightCount } = start(world);
      const told = await settle(pending, jest);
      for (const each of told) {
        const own = calls.filter(({ request }) => request === each.request);
        checkCalls(world, each, own);
        checkTold(each, own);
      }
      checkPauses(calls);
      expect(audit.journal.filter((entry) => entry === "outcome")).toHaveLength(told.length);
      expect(ends.map(({ count }) => count)).toEqual(ends.map(() => 1));
      expect([inFlightCount(), jest.getTimerCount()]).toEqual([0, 0]);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
