import fc from "fast-check";
import { buildApp } from "../../../src/app.ts";
import type { Intent, Outcome } from "../../../src/audit/event.ts";
import type { Provider } from "../../../src/core/provider.ts";
import type { ActivePolicy } from "../../../src/gateway/active-policy.ts";
import type { Deps } from "../../../src/gateway/deps.ts";
import { createAdmission } from "../../../src/gateway/traffic/admission.ts";
import { createTraffic } from "../../../src/gateway/traffic/traffic.ts";
import { requestIdOf } from "../../../src/http/request-id.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { createOllama } from "../../../src/providers/ollama.ts";
import { createOpenAi } from "../../../src/providers/openai.ts";
import type { Transport } from "../../../src/providers/transport.ts";
import { activeOf, fakeDeps } from "../deps.ts";
import { naiveDecide } from "../naive-policy.ts";
import { fakeNetwork, type Sent } from "./upstreams.ts";
import { type Drawn, isLocalPort, type Round, rounds, zoneOfPort } from "./world.ts";

/** How often things came to pass, so that a run that proves nothing is seen to. */
export type Tally = {
  requests: number;
  constrained: number;
  denied: number;
  sends: number;
  constrainedSends: number;
  freeSendsAbroad: number;
  answered: number;
  failed: number;
  left: number;
  reloads: number;
};

/** The gateway of one round, its policies, and what the other side of the wire saw. */
type World = {
  readonly round: Round;
  readonly actives: readonly ActivePolicy[];
  readonly sent: readonly Sent[];
  readonly intents: ReadonlyMap<string, Intent>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** By the word that stands in all texts of a request. */
  readonly asked: ReadonlyMap<string, Asked>;
};

type Asked = { readonly drawn: Drawn; readonly requestId: string };

/**
 * Random policies, requests, failures, departures and reloads through the whole gateway, with real SDK clients and a
 * network that keeps every byte. Throws with a smaller case where a byte of a request reached what is forbidden for it.
 */
export async function proveNoLeak(options: { readonly requests: number; readonly seed?: number }): Promise<Tally> {
  const perRound = 100;
  const tally = emptyTally();
  const gateway = openGateway();
  const property = fc.asyncProperty(rounds(perRound), async (round) => judge(await play(gateway, round, tally), tally));
  await fc.assert(property, {
    numRuns: Math.ceil(options.requests / perRound),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    endOnFailure: false,
  });
  return tally;
}

const emptyTally = (): Tally => ({
  ...{ requests: 0, constrained: 0, denied: 0, sends: 0, constrainedSends: 0, freeSendsAbroad: 0 },
  ...{ answered: 0, failed: 0, left: 0, reloads: 0 },
});

async function play(gateway: Gateway, round: Round, tally: Tally): Promise<World> {
  const sent: Sent[] = [];
  let calls = 0;
  let lookUps = 0;
  let hasEarly = false;
  const fakes = fakeDeps();
  const { intents, outcomes } = fakes.audit;
  const asked = new Map<string, Asked>();
  const transport = fakeNetwork({
    next: () => round.behaviours[calls++ % round.behaviours.length] ?? "answers",
    poisoned: () => round.poisoned[lookUps++ % round.poisoned.length] ?? false,
    elsewhere: "https://sun.example:4003/v1/chat/completions",
    onSent(call) {
      // INVARIANT: I2. What is thrown here would be taken for a failure of the network.
      hasEarly ||= askedIn(call, asked).some(({ requestId }) => !intents.has(requestId));
      sent.push(call);
    },
  });
  const actives = round.documents.map((document) => activeOf(document, providersOf(document, transport)));
  let active = at(actives, 0);
  const app = gateway({ ...fakes.deps, active: () => active });
  const ended: Promise<void>[] = [];
  for (const [index, drawn] of round.requests.entries()) {
    for (const _ of round.reloadAfter.filter((after) => after === index)) {
      active = at(actives, (actives.indexOf(active) + 1) % actives.length);
      tally.reloads += 1;
    }
    ended.push(ask(app, drawn, asked));
    if (index % 4 === 3) await Bun.sleep(1);
  }
  await Promise.all(ended);
  await settled(intents, outcomes);
  if (hasEarly) throw new Error("something was sent before the intent was on record");
  for (const { status, attempts } of outcomes.values()) {
    if (status === "succeeded") tally.answered += 1;
    if (status === "failed") tally.failed += 1;
    if (status === "client_aborted") tally.left += 1;
    if (attempts.filter((attempt) => attempt.sent).length > MAX_CALLS) throw new Error("more calls than any chain has");
  }
  return { round, actives, sent, intents, outcomes, asked };
}

const at = <T>(items: readonly T[], index: number): T => {
  const item = items[index];
  if (item === undefined) throw new Error("nothing there");
  return item;
};

type App = ReturnType<typeof buildApp>;
type Gateway = (deps: Deps) => App;

/** One app for all rounds, since making one takes longer than a round. Each round has its own of all that it learns. */
function openGateway(): Gateway {
  let deps: Deps = fakeDeps().deps;
  const current: Deps = { ...deps, active: () => deps.active() };
  for (const name of ["audit", "traffic", "admission", "telemetry", "inFlight"] as const) {
    Object.defineProperty(current, name, { get: () => deps[name] });
  }
  const limits = { connectTimeoutMs: 40, timeoutMs: 20, firstTokenTimeoutMs: 20, idleTimeoutMs: 20 };
  const app = buildApp({
    deps: Object.assign(current, { attemptDefaults: { ...limits, deadlineMs: 90, retries: 1 }, chance: () => 0.01 }),
    metrics: { contentType: "", metrics: async () => "" },
    maxBodyBytes: 100_000,
    version: "0",
    isDraining: () => false,
    loopbackOnly: false,
  });
  return (ofRound) => {
    const traffic = createTraffic({ monotonicMs: ofRound.monotonicMs, onCircuitChanged: () => {} });
    deps = { ...ofRound, traffic, admission: createAdmission({ maxConcurrent: 40, maxQueued: 40 }) };
    return app;
  };
}

function providersOf({ providers }: PolicyDocument, transport: Transport): ReadonlyMap<string, Provider> {
  return new Map(
    Object.entries(providers).map(([id, { kind, zone, base_url: baseUrl, default_model: defaultModel }]) => {
      const shared = {
        id,
        zone,
        baseUrl,
        defaultModel,
        defaultEmbeddingModel: "embedder",
        hints: "policy",
        transport,
      } as const;
      return [
        id,
        kind === "ollama" ? createOllama(shared) : createOpenAi({ ...shared, apiKey: `sk-${id}`, needsKey: false }),
      ];
    }),
  );
}

async function ask(app: App, drawn: Drawn, asked: Map<string, Asked>): Promise<void> {
  const leaving = new AbortController();
  const canary = crypto.randomUUID();
  const request = new Request(`http://gateway${drawn.path}`, {
    method: "POST",
    signal: leaving.signal,
    body: JSON.stringify(drawn.bodyOf(canary)),
    headers: { "content-type": "application/json", ...drawn.headers },
  });
  asked.set(canary, { drawn, requestId: requestIdOf(request) });
  const timer = drawn.leavesAfterMs === null ? null : setTimeout(() => leaving.abort(), drawn.leavesAfterMs);
  try {
    const response = await app.handle(request);
    await response.text();
  } catch {
    // Its caller left, or the stream was cut; what counts is what was sent.
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

async function settled(intents: ReadonlyMap<string, unknown>, outcomes: ReadonlyMap<string, unknown>): Promise<void> {
  for (let waits = 0; outcomes.size < intents.size; waits += 1) {
    if (waits > 2_000) throw new Error("a request was admitted and never ended");
    await Bun.sleep(1);
  }
}

/** Each of the five providers, thrice. */
const MAX_CALLS = 15;

const CANARY = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Whose bytes these are: of one request, as no call carries two. */
const askedIn = ({ bytes }: Sent, asked: ReadonlyMap<string, Asked>): readonly Asked[] =>
  [...new Set(bytes.match(CANARY))].flatMap((canary) => asked.get(canary) ?? []);

/** INVARIANT: I1, by what a plain reading of the policy forbids and by nothing that the gateway says of it. */
function judge({ actives, sent, intents, outcomes, asked }: World, tally: Tally): void {
  requireOnRecord(sent, outcomes, asked);
  const bounds = new Map<string, Bounds>();
  for (const { drawn, requestId } of asked.values()) {
    const intent = intents.get(requestId);
    if (intent !== undefined) bounds.set(requestId, boundsFor(intent, drawn, actives));
  }
  for (const call of sent) {
    for (const { requestId } of askedIn(call, asked)) {
      const ofRequest = bounds.get(requestId);
      if (ofRequest === undefined) throw new Error("bytes of a request that was never admitted left");
      requireAllowed(call, ofRequest);
      tally.sends += 1;
      if (ofRequest.isConstrained) tally.constrainedSends += 1;
      else if (!isLocalPort(call.port)) tally.freeSendsAbroad += 1;
    }
  }
  tally.requests += intents.size;
  tally.denied += [...bounds.values()].filter(({ isDenied }) => isDenied).length;
  tally.constrained += [...bounds.values()].filter(({ isConstrained }) => isConstrained).length;
}

/** No row says of a provider that nothing was sent to it, or that less was, where the provider has the bytes. */
function requireOnRecord(sent: World["sent"], outcomes: World["outcomes"], asked: World["asked"]): void {
  const counts = new Map<string, number>();
  for (const call of sent) {
    for (const { requestId } of askedIn(call, asked)) {
      const key = `${requestId} ${call.port}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const [key, count] of counts) {
    const [requestId = "", port] = key.split(" ");
    const told = outcomes.get(requestId)?.attempts.filter((one) => one.sent && `${PORTS[one.provider]}` === port);
    if ((told?.length ?? 0) < count) throw new Error("bytes reached a provider, and the row does not say so");
  }
}

type Bounds = {
  readonly zones: readonly string[];
  readonly providers: readonly string[];
  readonly isConstrained: boolean;
  readonly isDenied: boolean;
};

function boundsFor(intent: Intent, { planted }: Drawn, actives: readonly ActivePolicy[]): Bounds {
  const active = actives.find(({ policy }) => policy.hash === intent.policyHash);
  if (active === undefined) throw new Error("a request was decided by no policy that was in force");
  // What was planted was found: else the plain reading below would be of the wrong features.
  if (planted !== null && !intent.features.signals.includes(planted)) throw new Error("what was planted was not found");
  const { forbidden } = naiveDecide(active.policy.document, active.policy.hash, intent.features);
  const isConstrained = forbidden.zones.length + forbidden.providers.length + forbidden.models.length > 0;
  return {
    zones: forbidden.zones,
    providers: forbidden.providers,
    isConstrained,
    isDenied: intent.decision === "deny",
  };
}

function requireAllowed({ port, address }: Sent, { zones, providers, isDenied }: Bounds): void {
  const zone = zoneOfPort(port);
  if (isDenied) throw new Error("bytes of a denied request left");
  if (zones.includes(zone)) throw new Error(`bytes reached the zone ${zone}, which was forbidden`);
  if (providers.some((id) => PORTS[id] === port)) throw new Error("bytes reached a provider that was forbidden");
  if (isLocalPort(port) && address !== "127.0.0.1") throw new Error(`bytes for the local zone went to ${address}`);
}

const PORTS: Readonly<Record<string, number>> = { box: 4001, shelf: 4002, sun: 4003, moon: 4004, rhine: 4005 };
