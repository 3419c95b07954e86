import type { AttemptDefaults } from "../../src/core/attempts.ts";
import { NO_ATTEMPT_LIMITS } from "../../src/core/attempts.ts";
import type { Chunk, ProviderFailure } from "../../src/core/chat.ts";
import { type Effects, NOTHING_FORBIDDEN, type Zone } from "../../src/core/decision.ts";
import type { ActivePolicy, Providers } from "../../src/gateway/active-policy.ts";
import type { Errand, PassedOver, PieceReader } from "../../src/gateway/attempts/errand.ts";
import { type HowEnded, Journal } from "../../src/gateway/attempts/journal.ts";
import { attemptInTurn, openInTurn } from "../../src/gateway/attempts/walk.ts";
import type { Targets } from "../../src/gateway/plan.ts";
import type { Barred, Traffic } from "../../src/gateway/traffic/contract.ts";
import { attemptDefaults } from "./attempt-defaults.ts";
import { activeOf, chatRequest } from "./deps.ts";
import { fakeProvider as fake, type fakeProvider } from "./fake-provider.ts";
import { documentOf } from "./policy.ts";
import { decisionFor, target } from "./target.ts";

export const CLOUD = target("openai", "gpt");
export const LOCAL = target("local", "llama");

/** The policy of these two, without context lengths unless they are given. */
function activeWith(providers: Providers, context: Readonly<Record<string, number | null>>): ActivePolicy {
  const models = (name: string) => {
    const tokens = context[name];
    return tokens === undefined ? {} : { models: { [name]: tokens === null ? {} : { context_tokens: tokens } } };
  };
  return activeOf(
    documentOf({
      prices: {},
      providers: {
        local: {
          kind: "ollama",
          zone: "local",
          base_url: "http://127.0.0.1:1",
          default_model: "llama",
          ...models("llama"),
        },
        openai: {
          kind: "openai",
          zone: "cloud",
          base_url: "https://a.example",
          default_model: "gpt",
          ...models("gpt"),
        },
      },
      default: { route: ["openai", "local"], reason: "default" },
    }),
    providers,
  );
}

/** Traffic that lets all pass but what it is told to bar, and keeps what became of every permit. */
export function watchedTraffic() {
  const bars = new Map<string, Barred[]>();
  const permits: { readonly provider: string; began: boolean; ends: HowEnded[] }[] = [];
  const waits: number[] = [];
  const state = { retriesLeft: Number.POSITIVE_INFINITY, line: null as Promise<void> | null };
  const traffic: Traffic = {
    of: (_active, provider) => ({
      async enter(_model, _caller, waitMs, signal) {
        waits.push(waitMs);
        if (signal.aborted) return { kind: "left", retryAfterMs: 0 };
        const barred = bars.get(provider)?.shift();
        if (barred !== undefined) return barred;
        if (state.line !== null) await state.line;
        const permit = { provider, began: false, ends: [] as HowEnded[] };
        permits.push(permit);
        return {
          kind: "permit",
          began: () => {
            permit.began = true;
          },
          end: (how) => permit.ends.push(how),
        };
      },
      takeRetry: () => state.retriesLeft-- > 0,
      status: () => ({ inFlightCount: 0, queuedCount: 0, maxConcurrency: 1, circuits: [], pauses: [] }),
    }),
  };
  return { traffic, permits, waits, state, bar: (provider: string, ...barred: Barred[]) => bars.set(provider, barred) };
}

type ErrandOptions = {
  readonly defaults?: AttemptDefaults;
  readonly delivery?: Effects["delivery"];
  readonly attempts?: Partial<Effects["attempts"]>;
  readonly forbiddenZones?: readonly Zone[];
  /** Tokens of a model's context; null for one that is declared without. */
  readonly context?: Readonly<Record<string, number | null>>;
  readonly chance?: () => number;
};

/** Two providers that behave as told, and a walk over them. */
export function setUpErrand(options: ErrandOptions = {}) {
  const fakes = { local: fake("local"), openai: fake("openai") };
  const [caller, drain] = [new AbortController(), new AbortController()];
  const watched = watchedTraffic();
  const passedOver: PassedOver[] = [];
  const monotonicMs = () => performance.now();
  const journal = new Journal(monotonicMs);
  const plain = decisionFor([{ provider: "openai" }, { provider: "local" }], {
    forbidden: { ...NOTHING_FORBIDDEN, zones: options.forbiddenZones ?? [] },
  });
  const attempts = { ...NO_ATTEMPT_LIMITS, deadlineMs: null, maxTargets: null, ...options.attempts };
  const errand = (providers: Providers): Errand => ({
    request: chatRequest("hello"),
    decision: { ...plain, effects: { ...plain.effects, delivery: options.delivery ?? "live", attempts } },
    active: activeWith(providers, options.context ?? {}),
    caller: "a",
    defaults: options.defaults ?? attemptDefaults(),
    traffic: watched.traffic,
    journal,
    onPassedOver: (event) => passedOver.push(event),
    callerSignal: caller.signal,
    drainSignal: drain.signal,
    monotonicMs,
    chance: options.chance ?? (() => 1),
  });
  const providers: Providers = new Map([
    ["local", fakes.local.provider],
    ["openai", fakes.openai.provider],
  ]);
  return {
    ...fakes,
    ...watched,
    caller,
    drain,
    providers,
    journal,
    passedOver,
    results: () => journal.attempts.map(({ provider, result }) => [provider, result]),
    attempt: (targets: Targets, given = providers) => attemptInTurn(targets, errand(given)),
    open: (targets: Targets, given = providers) => openInTurn(targets, errand(given)),
  };
}

export type Behaviour = Parameters<ReturnType<typeof fakeProvider>["behaves"]>[0];

/** One behaviour for each call; the last one for those that come after. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  let call = 0;
  return (called, signal) => {
    const behaviour = behaviours[Math.min(call++, behaviours.length - 1)];
    if (behaviour === undefined) throw new Error("no behaviour was given");
    return behaviour(called, signal);
  };
}

export const failsWith = (category: ProviderFailure["category"], more: Partial<ProviderFailure> = {}) =>
  yields({ kind: "failure", failure: { category, message: "it failed", ...more } });

/** Yields the chunks and stops, as a well-behaved provider does after `end` or `failure`. */
export const yields = (...chunks: readonly Chunk[]) =>
  async function* (): AsyncIterable<Chunk> {
    yield* chunks;
  };

export async function readRest(rest: PieceReader): Promise<readonly unknown[]> {
  const pieces = [];
  for (;;) {
    const piece = await rest.next();
    pieces.push(piece);
    if (piece.kind === "end" || piece.kind === "failure") return pieces;
  }
}

/**
 * Lets the time of the fake timers go on, from one timer to the next, until it is settled.
 * Throws where nothing is left that could settle it.
 */
export async function settle<T>(pending: Promise<T>, timers: FakeTimers): Promise<T> {
  let isSettled = false;
  const done = pending.finally(() => {
    isSettled = true;
  });
  done.catch(() => {});
  for (let step = 0; step < 100_000; step++) {
    for (let turn = 0; turn < 100 && !isSettled; turn++) await Promise.resolve();
    if (isSettled) return done;
    if (timers.getTimerCount() === 0) throw new Error("it waits for nothing");
    timers.advanceTimersToNextTimer();
  }
  throw new Error("it does not come to an end");
}

type FakeTimers = { getTimerCount(): number; advanceTimersToNextTimer(): unknown };
