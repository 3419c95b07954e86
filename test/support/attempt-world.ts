import fc from "fast-check";
import type { Outcome } from "../../src/audit/event.ts";
import type { ChatRequest, Chunk, ProviderFailure } from "../../src/core/chat.ts";
import type { Zone } from "../../src/core/decision.ts";
import { ok } from "../../src/core/result.ts";
import type { ActivePolicy } from "../../src/gateway/active-policy.ts";
import type { AnswerHead } from "../../src/gateway/chat-result.ts";
import { admit, answerStream, answerWhole } from "../../src/gateway/handle-chat.ts";
import type { Permit, Traffic } from "../../src/gateway/traffic/contract.ts";
import { createTraffic } from "../../src/gateway/traffic/traffic.ts";
import { activeOf, chatRequest, fakeDeps } from "./deps.ts";
import { endOf, fakeProvider, text, untilAborted } from "./fake-provider.ts";
import { documentOf } from "./policy.ts";

/** How one call of a provider goes: after a while some chunks, and then an end of some kind. */
export type Script = {
  readonly delayMs: number;
  readonly before: readonly ("opening" | "text" | "alive" | "working" | "usage")[];
  readonly last: "end" | "cut" | "silent" | "alive" | "bug" | Omit<ProviderFailure, "message">;
};

export type ScriptedProvider = {
  readonly zone: Zone;
  readonly contextTokens: number | null;
  readonly maxConcurrency: number;
  /** By call; those after the last one answer. */
  readonly scripts: readonly Script[];
};

export type ScriptedRequest = {
  readonly atMs: number;
  readonly streamed: boolean;
  readonly sensitive: boolean;
  readonly leaveAfterMs: number | null;
};

export type World = {
  readonly providers: readonly ScriptedProvider[];
  readonly requests: readonly ScriptedRequest[];
  readonly forbidden: readonly Zone[];
  readonly retries: number;
  readonly deadlineSeconds: number;
  readonly maxTargets: number;
  readonly firstTokenTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly delivery: "live" | "whole";
  readonly drainAtMs: number | null;
  readonly chance: number;
};

const failure: fc.Arbitrary<Omit<ProviderFailure, "message">> = fc.oneof(
  fc.record(
    {
      category: fc.constantFrom("timeout", "unreachable", "rate_limited", "upstream_error", "malformed_response"),
      transient: fc.constant(true as const),
      retryAfterMs: fc.nat(1_500),
    },
    { requiredKeys: ["category"] },
  ),
  fc
    .constantFrom("authentication", "model_not_found", "bad_request", "content_filter", "context_length")
    .map((category) => ({
      category,
    })),
);

const script: fc.Arbitrary<Script> = fc.record({
  delayMs: fc.constantFrom(0, 0, 10, 120, 700),
  before: fc.array(fc.constantFrom("opening", "text", "alive", "working", "usage"), { maxLength: 4 }),
  last: fc.oneof(
    { weight: 3, arbitrary: failure },
    { weight: 2, arbitrary: fc.constantFrom("end", "cut", "silent", "alive") },
    { weight: 1, arbitrary: fc.constantFrom("bug", "end") },
  ),
});

const ZONES = ["local", "eu", "cloud"];
const sometimes = (maxMs: number) => fc.option(fc.nat(maxMs), { freq: 4 });

export const worlds: fc.Arbitrary<World> = fc.record({
  providers: fc.array(
    fc.record({
      zone: fc.constantFrom(...ZONES),
      contextTokens: fc.constantFrom(null, 100_000, 200_000, 300_000),
      maxConcurrency: fc.constantFrom(1, 2, 100),
      scripts: fc.array(script, { maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  requests: fc.array(
    fc.record({
      atMs: fc.constantFrom(0, 0, 50, 600),
      streamed: fc.boolean(),
      sensitive: fc.boolean(),
      leaveAfterMs: sometimes(3_000),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  forbidden: fc.subarray(ZONES, { minLength: 1 }),
  retries: fc.nat(2),
  deadlineSeconds: fc.integer({ min: 1, max: 4 }),
  maxTargets: fc.integer({ min: 1, max: 4 }),
  firstTokenTimeoutMs: fc.constantFrom(100, 500, 3_000),
  idleTimeoutMs: fc.constantFrom(50, 400),
  delivery: fc.constantFrom("live", "whole"),
  drainAtMs: sometimes(3_000),
  chance: fc.constantFrom(0, 0.5, 0.999),
});

export type MadeCall = {
  readonly request: ChatRequest;
  readonly provider: number;
  readonly startedMs: number;
  readonly script: Script | null;
  /** Marks all that it says. */
  readonly name: string;
  /** How it ended by its script; null where it was cut before. */
  ended: Script["last"] | null;
  /** When it failed with a word on when to come back. */
  pausedAtMs: number | null;
};

export type Told = {
  readonly request: ChatRequest;
  readonly scripted: ScriptedRequest;
  readonly admittedMs: number;
  readonly head: AnswerHead;
  readonly said: string;
  /** Whether the client was given an end. */
  readonly isComplete: boolean;
  readonly outcome: Outcome | undefined;
};

const idOf = (index: number) => `p${index}`;

function activeFor(world: World, calls: MadeCall[]): ActivePolicy {
  const entries = world.providers.map((provider, index) => {
    const id = idOf(index);
    const model = {
      [`${id}-default`]: provider.contextTokens === null ? {} : { context_tokens: provider.contextTokens },
    };
    const body = {
      kind: "openai" as const,
      zone: provider.zone,
      base_url: "http://127.0.0.1:1/v1",
      default_model: `${id}-default`,
      models: model,
      max_concurrency: provider.maxConcurrency,
    };
    return [id, body] as const;
  });
  const providers = world.providers.map((provider, index) => {
    const fake = fakeProvider(idOf(index));
    fake.behaves(({ request }, signal) => play(world, index, request, signal, calls));
    return [idOf(index), { ...fake.provider, zone: provider.zone }] as const;
  });
  const zones = world.forbidden.filter((zone) => world.providers.some((provider) => provider.zone === zone));
  const constraint = { id: "kept", when: { signal: "sensitive" }, forbid: { zones }, reason: "kept" };
  const document = documentOf({
    providers: Object.fromEntries(entries),
    prices: {},
    ...(zones.length === 0 ? {} : { constraints: [constraint] }),
    default: {
      route: entries.map(([id]) => id),
      reason: "default",
      delivery: world.delivery,
      attempts: {
        deadline_seconds: world.deadlineSeconds,
        timeout_seconds: 1,
        first_token_timeout_ms: world.firstTokenTimeoutMs,
        idle_timeout_ms: world.idleTimeoutMs,
        retries: world.retries,
        max_targets: world.maxTargets,
      },
    },
  });
  return activeOf(document, new Map(providers));
}

async function* play(
  world: World,
  provider: number,
  request: ChatRequest,
  signal: AbortSignal,
  calls: MadeCall[],
): AsyncIterable<Chunk> {
  const number = calls.filter((call) => call.provider === provider).length;
  const script = world.providers[provider]?.scripts[number] ?? null;
  const name = `<${provider}.${number}>`;
  const call: MadeCall = {
    request,
    provider,
    startedMs: performance.now(),
    script,
    name,
    ended: null,
    pausedAtMs: null,
  };
  calls.push(call);
  const { delayMs, before, last } = script ?? { delayMs: 0, before: [], last: "end" };
  await pause(delayMs, signal);
  for (const kind of before) {
    if (kind === "text") yield text(name);
    else if (kind === "opening") yield { kind: "text", text: "", opening: true };
    else if (kind === "usage") yield { kind: "usage", usage: { promptTokens: 1, completionTokens: 1 } };
    else yield kind === "alive" ? { kind: "alive" } : { kind: "alive", working: true };
    await pause(delayMs / 10, signal);
  }
  if (signal.aborted || last === "silent") return yield* untilAborted(null, signal);
  call.ended = last;
  if (last === "bug") throw new Error("bug");
  if (last === "cut") return;
  // Not for as long as the longest stream may be: it would take the test too many steps.
  for (let sign = 0; last === "alive" && sign < 100 && !signal.aborted; sign++) {
    yield { kind: "alive" };
    await pause(40, signal);
  }
  if (last === "alive") return yield* untilAborted(null, signal);
  if (last === "end") {
    yield text(name);
    return yield endOf(`p${provider}-default`);
  }
  if (last.retryAfterMs !== undefined) call.pausedAtMs = performance.now();
  yield { kind: "failure", failure: { message: "it failed", ...last } };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake, { once: true });
    function wake() {
      clearTimeout(timer);
      resolve();
    }
  });
}

/** The real one, and what became of every permit. */
function countedTraffic() {
  const ends: { count: number }[] = [];
  const real = createTraffic({ monotonicMs: () => performance.now(), onCircuitChanged: () => {} });
  const traffic: Traffic = {
    of(active, id) {
      const provider = real.of(active, id);
      return {
        ...provider,
        async enter(...asked) {
          const entered = await provider.enter(...asked);
          if (entered.kind !== "permit") return entered;
          const counted = { count: 0 };
          ends.push(counted);
          const permit: Permit = {
            ...entered,
            end(how) {
              counted.count += 1;
              entered.end(how);
            },
          };
          return permit;
        },
      };
    },
  };
  return { traffic, ends };
}

/** Plays a world from its start on; to be read when all is over. */
export function start(world: World) {
  const calls: MadeCall[] = [];
  const active = activeFor(world, calls);
  const { traffic, ends } = countedTraffic();
  const { deps, audit, telemetry } = fakeDeps({ active: () => active, traffic, chance: () => world.chance });
  const own: Timer[] = [];
  const later = (ms: number | null, act: () => void) => {
    if (ms !== null) own.push(setTimeout(act, ms));
  };
  later(world.drainAtMs, () => deps.inFlight.drain());

  async function ask(scripted: ScriptedRequest): Promise<Told> {
    await new Promise<void>((resolve) => later(scripted.atMs, resolve));
    const caller = new AbortController();
    const requestId = Bun.randomUUIDv7();
    const request = chatRequest(scripted.sensitive ? "a secret" : "hello", { streamed: scripted.streamed });
    later(scripted.leaveAfterMs, () => caller.abort());
    const admitted = await admit(deps, request, { requestId, signal: caller.signal, caller: "a", labels: {} });
    const admittedMs = performance.now();
    if (admitted.kind === "abandoned") throw new Error("abandoned");
    const told = { request, scripted, admittedMs };
    const done = () => ({ outcome: audit.outcomes.get(requestId) });
    if (admitted.kind === "refused") return { ...told, head: admitted.head, said: "", isComplete: false, ...done() };
    if (!scripted.streamed) {
      const answered = await answerWhole(deps, admitted, ok);
      const { head } = answered;
      if (answered.kind === "refused") return { ...told, head, said: "", isComplete: false, ...done() };
      return { ...told, head, said: answered.body.content, isComplete: true, ...done() };
    }
    const stream = await answerStream(deps, admitted, () => ({}));
    const { head } = stream;
    if (stream.kind === "refused") return { ...told, head, said: "", isComplete: false, ...done() };
    let said = "";
    let isComplete = false;
    for (let event = await stream.next(); event !== null; event = await stream.next()) {
      if (event.kind === "text") said += event.text;
      isComplete ||= event.kind === "end";
    }
    await stream.settled;
    return { ...told, head, said, isComplete, ...done() };
  }

  const told = Promise.all(world.requests.map(ask)).finally(() => {
    for (const timer of own) clearTimeout(timer);
  });
  const inFlightCount = () =>
    active.policy.providers
      .map(({ id }) => traffic.of(active, id).status().inFlightCount)
      .reduce((sum, count) => sum + count, 0);
  return { told, calls, ends, audit, telemetry, inFlightCount };
}
