import fc from "fast-check";
import type { Decision } from "../../src/core/decision.ts";
import type { Features } from "../../src/core/features.ts";
import { compilePolicy, compileStored } from "../../src/policy/compile.ts";
import type { CompiledPolicy, DecidablePolicy } from "../../src/policy/compiled.ts";
import { decide } from "../../src/policy/decide.ts";
import { decidePartially } from "../../src/policy/decide-partially.ts";
import type { ConstraintBody, PolicyDocument } from "../../src/policy/document.ts";
import { storedForm } from "../../src/policy/identity.ts";
import { arbitraryDocument, arbitraryFeatures } from "./arbitrary-policy.ts";
import { holdsWith, naiveDecide } from "./naive-policy.ts";

/** Requests that are tried on one policy: making policies is what takes the time. */
const REQUESTS_PER_POLICY = 20;
/** With each request that is decided in part so many others lend what is missing. */
const COMPLETIONS = 8;

type Drawn = {
  readonly document: PolicyDocument;
  readonly policy: CompiledPolicy;
  readonly requests: readonly Features[];
  readonly missing: readonly string[];
};

/** What must hold for every policy and all requests; each throws where it does not. */
export const PROPERTIES: Readonly<Record<string, (drawn: Drawn) => void>> = {
  "both interpreters agree": ({ document, policy, requests }) => {
    for (const request of requests) same(decide(policy, request), naiveDecide(document, policy.hash, request));
  },
  "nothing that is forbidden is a candidate, whatever stands in what could not be read": ({
    document,
    policy,
    requests,
  }) => {
    for (const request of requests)
      for (const body of mayHold(document, request)) keptFrom(decide(policy, request), body);
  },
  "a decision has the same bytes again, and from the stored policy": ({ document, policy, requests }) => {
    const again = compilePolicy(JSON.parse(JSON.stringify(document)));
    const stored = compileStored(asDatabase(storedForm(document)));
    for (const request of requests) {
      const decision = decide(policy, request);
      for (const other of [policy, again, stored]) same(decision, decide(other, asDatabase(request)));
    }
  },
  "a constraint less never takes a candidate away": ({ document, policy, requests }) => {
    const constraints = document.constraints ?? [];
    for (const left of constraints) {
      const loose = compilePolicy({ ...document, constraints: constraints.filter((one) => one !== left) });
      for (const request of requests) isPartOf(decide(policy, request).candidates, decide(loose, request).candidates);
    }
  },
  "what is decided without some values is decided so with any of them": ({ policy, requests, missing }) => {
    const keys = new Set(missing);
    for (const request of requests) {
      const partial = decidePartially(policy, request, keys);
      if (partial.kind === "unknown") {
        if (partial.missing.length === 0 || partial.missing.some((key) => !keys.has(key))) throw new Error("missing");
        continue;
      }
      for (const other of requests.slice(0, COMPLETIONS)) {
        const completed = decide(policy, completion(request, other, keys));
        same(decidedOf(partial.decision), decidedOf(completed));
        withinWhatIsKnown(partial.decision, completed);
      }
    }
  },
};

export function arbitraryDrawn(size = 4): fc.Arbitrary<Drawn> {
  return arbitraryDocument(size).chain((document) => {
    const policy = compilePolicy(document);
    return fc.record({
      document: fc.constant(document),
      policy: fc.constant(policy),
      requests: fc.array(arbitraryFeatures(policy), {
        minLength: REQUESTS_PER_POLICY,
        maxLength: REQUESTS_PER_POLICY,
      }),
      missing: fc.subarray([...missingKeys(policy)], { maxLength: 4 }),
    });
  });
}

/** `runs` counts pairs of a policy and a request. */
export function proveProperty(check: (drawn: Drawn) => void, runs: number, seed?: number): void {
  const numRuns = Math.ceil(runs / REQUESTS_PER_POLICY);
  fc.assert(fc.property(arbitraryDrawn(), check), { numRuns, ...(seed === undefined ? {} : { seed }) });
}

function same(one: unknown, other: unknown): void {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  if (left !== right) throw new Error(`they differ:\n${left}\n${right}`);
}

/** Constraints that hold in plain logic for some signals that the unread content may have. */
function mayHold(document: PolicyDocument, request: Features): readonly ConstraintBody[] {
  const unread = request.scanIncomplete || (request.opaqueContent && document.scan?.opaque_content !== "allowed");
  const others = unread ? Object.keys(document.signals ?? {}) : [];
  const possible = subsets(others).map((found) => [...request.signals, ...found]);
  return (document.constraints ?? []).filter(({ when }) =>
    possible.some((found) => holdsWith(document, request, when, found)),
  );
}

function subsets([first, ...others]: readonly string[]): readonly (readonly string[])[] {
  if (first === undefined) return [[]];
  const without = subsets(others);
  return [...without, ...without.map((set) => [first, ...set])];
}

function keptFrom({ candidates }: Decision, { id, forbid }: ConstraintBody): void {
  const { zones = [], zones_except: except, providers = [], models = [] } = forbid;
  const reached = candidates.find(
    ({ zone, provider, model }) =>
      zones.includes(zone) ||
      except?.includes(zone) === false ||
      providers.includes(provider) ||
      models.includes(model),
  );
  if (reached !== undefined) throw new Error(`${JSON.stringify(reached)} is forbidden by ${id}`);
}

/** As a column of the type jsonb gives a value back: with the keys in another order. */
export function asDatabase<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).reverse())
      : inner,
  );
}

function isPartOf(part: Decision["candidates"], whole: Decision["candidates"]): void {
  const kept = part.map((one) => JSON.stringify(one));
  same(
    kept,
    whole.map((one) => JSON.stringify(one)).filter((one) => kept.includes(one)),
  );
}

/** Every key of what may be missing. */
export const missingKeys = ({ signals, providers, labels }: DecidablePolicy): readonly string[] => [
  ...signals.map(({ id }) => `signal:${id}`),
  ...providers.map(({ id }) => `offered_by:${id}`),
  ...Object.keys(labels).map((name) => `label:${name}`),
  "prompt_tokens",
  "model",
  "requested_provider",
  "wish_price",
];

/** `request` with what is missing of it taken from another one. */
export function completion(request: Features, other: Features, missing: ReadonlySet<string>): Features {
  const take = <T>(key: string, of: (features: Features) => T): T => of(missing.has(key) ? other : request);
  const merged = (prefix: string, of: (features: Features) => readonly string[]) =>
    [...new Set([...of(request), ...of(other)])]
      .filter((name) => take(`${prefix}:${name}`, of).includes(name))
      .toSorted();
  const labels = merged("label", (features) => Object.keys(features.labels));
  return {
    ...request,
    signals: merged("signal", ({ signals }) => signals),
    promptTokens: take("prompt_tokens", ({ promptTokens }) => promptTokens),
    wish: take("model", ({ wish }) => wish),
    model: take("model", ({ model }) => model),
    wishPrice: take("wish_price", ({ wishPrice }) => wishPrice),
    requestedProvider: take("requested_provider", ({ requestedProvider }) => requestedProvider),
    offeredBy: merged("offered_by", ({ offeredBy }) => offeredBy),
    labels: Object.fromEntries(labels.map((name) => [name, take(`label:${name}`, (one) => one.labels[name] ?? "")])),
  };
}

/** All that a partial decision promises. */
const decidedOf = ({ excluded, estimatedCostMicros, shadow, ...decided }: Decision) => ({
  ...decided,
  excluded: excluded.map(({ provider }) => provider),
});

/** What it says beyond that is true where it says anything. */
function withinWhatIsKnown(partial: Decision, completed: Decision): void {
  const { estimatedCostMicros: cost } = partial;
  if (cost !== null) same(cost, completed.estimatedCostMicros);
  for (const result of partial.shadow) {
    same(
      result,
      completed.shadow.find(({ rule }) => rule === result.rule),
    );
  }
}
