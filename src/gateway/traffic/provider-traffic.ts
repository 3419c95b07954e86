import type { CompiledProvider } from "../../policy/compiled.ts";
import { bearingOf, ofModel, ofProvider } from "./bearing.ts";
import { Circuit, type OnChange } from "./circuit.ts";
import type { Barred, CircuitStatus, Pause, Permit, ProviderTraffic, TrafficStatus } from "./contract.ts";
import { type After, type Entrance, Gate } from "./gate.ts";
import { Models, ModelTraffic } from "./model-traffic.ts";

/** Calls that wait for a place. Of all requests together there are seldom as many: admission lets fewer in. */
const MAX_QUEUED = 1_000;
/** How long the calls that take all places go on nobody knows. */
const BUSY_RETRY_AFTER_MS = 1_000;

export type ProviderTrafficOptions = {
  readonly monotonicMs: () => number;
  readonly after: After;
  /** `model` is null for the provider as a whole. */
  readonly onCircuitChanged: (model: string | null, ...change: Parameters<OnChange>) => void;
  /** The provider asked for it in an answer. */
  readonly onPaused: (pause: Pause) => void;
};

export type CarriedTraffic = ProviderTraffic & {
  /** Those of another definition of the same server. */
  takeOver(pauses: readonly Pause[]): void;
};

type Place = Extract<Entrance, { readonly kind: "place" }>;

const LEFT: Barred = { kind: "left", retryAfterMs: 0 };

export function createProviderTraffic(
  { breaker: settings, maxConcurrency }: Pick<CompiledProvider, "breaker" | "maxConcurrency">,
  { monotonicMs, after, onCircuitChanged, onPaused }: ProviderTrafficOptions,
): CarriedTraffic {
  const gate = new Gate({ maxPlaces: maxConcurrency, maxQueued: MAX_QUEUED, after });
  const optionsOf = (name: string | null) => ({
    settings,
    monotonicMs,
    onChange: (...change: Parameters<OnChange>) => onCircuitChanged(name, ...change),
  });
  const whole = new Circuit(optionsOf(null));
  const models = new Models((name) => new ModelTraffic(optionsOf(name)));

  return {
    takeRetry: (model) => models.get(model).retries.take(),

    async enter(model, caller, waitMs, signal) {
      const barred = barredBy(whole, models.get(model), signal);
      if (barred !== null) return barred;
      const entrance = await gate.enter(caller, waitMs, signal);
      if (entrance.kind === "left") return LEFT;
      if (entrance.kind === "full") return { kind: "busy", retryAfterMs: BUSY_RETRY_AFTER_MS };
      // Much may have happened while it stood in line. From here to the permit nothing else can.
      const called = models.get(model);
      const barredSince = barredBy(whole, called, signal);
      if (barredSince === null) return permitOf(whole, called, entrance, (pause) => onPaused({ model, ...pause }));
      entrance.leave();
      return barredSince;
    },

    takeOver(pauses) {
      for (const { model, leftMs, by } of pauses) models.get(model).pause(leftMs, by);
    },

    status: () => ({
      ...gate.status(),
      maxConcurrency,
      circuits: circuitsOf(whole, models),
      pauses: pausesOf(models),
    }),
  };
}

function barredBy(whole: Circuit, model: ModelTraffic, signal: AbortSignal): Barred | null {
  if (signal.aborted) return LEFT;
  const openMs = Math.max(whole.barredMs(), model.circuit.barredMs());
  const pause = model.tellPause();
  if (openMs > 0) return { kind: "circuit_open", retryAfterMs: Math.max(openMs, pause?.leftMs ?? 0) };
  return pause && { kind: "paused", by: pause.by, retryAfterMs: pause.leftMs };
}

function permitOf(
  whole: Circuit,
  model: ModelTraffic,
  place: Place,
  onPaused: (pause: Omit<Pause, "model">) => void,
): Permit {
  const ofWhole = whole.pass();
  const ofIts = model.circuit.pass();
  let hasEnded = false;
  return {
    kind: "permit",
    began: () => {
      ofWhole.began();
      ofIts.began();
    },
    end: (how) => {
      if (hasEnded) return;
      hasEnded = true;
      const failure = typeof how === "string" ? null : how;
      if (failure?.retryAfterMs !== undefined) {
        model.pause(failure.retryAfterMs, failure.category);
        onPaused({ by: failure.category, leftMs: failure.retryAfterMs });
      }
      if (how === "answered") model.retries.answered();
      const bearing = bearingOf(how);
      ofWhole.end(ofProvider(bearing), failure?.category ?? null);
      ofIts.end(ofModel(bearing), failure?.category ?? null);
      place.leave();
    },
  };
}

function circuitsOf(whole: Circuit, models: Models): TrafficStatus["circuits"] {
  const ofWhole: CircuitStatus[] = whole.isClosed ? [] : [{ model: null, ...whole.status() }];
  const ofModels = models.all().map(([model, { circuit }]) => ({ model, ...circuit.status() }));
  return [...ofWhole, ...ofModels.filter(({ state, failureCount }) => state !== "closed" || failureCount > 0)];
}

const pausesOf = (models: Models): TrafficStatus["pauses"] =>
  models.all().flatMap(([model, { currentPause }]) => (currentPause === null ? [] : [{ model, ...currentPause }]));
