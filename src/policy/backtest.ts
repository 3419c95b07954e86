import type { Candidate, Decision, ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { JsonObject } from "../core/json.ts";
import { readFeatures } from "../core/recorded-features.ts";
import type { DecidedRow } from "./backtest/decided-row.ts";
import { FeatureReader, type ReadFeatures } from "./backtest/feature-reader.ts";
import { type KnownPolicy, knownFromFile, knownFromStore } from "./backtest/known-policy.ts";
import { type BacktestReport, type Outcome, type RowCost, Tally } from "./backtest/report.ts";
import { type Answer, costOfAnswer, reportedTokens } from "./backtest/row-cost.ts";
import type { CompiledPolicy } from "./compiled.ts";
import { decide } from "./decide.ts";
import { decidePartially, type PartialDecision } from "./decide-partially.ts";

/** Why nothing at all can be said of a row, beside the keys of `decidePartially`. */
const NO_FEATURES = "features";
const NO_POLICY = "policy";
const CLOUD_MODEL = "cloud_model";

/** Refused by the gateway whatever policy said. Whether another policy's providers change that is not on record. */
const CLOUD_MODEL_REFUSED = "policy.cloud_model_refused";
/** Refused by the gateway for a field of the request, whatever any policy says. */
const STEERING_REFUSED = "policy.steering_field_refused";
/** Policy allowed it, but none of those who may answer speaks the client's protocol as far as the request needs. */
const UNTRANSLATABLE = "request.untranslatable_field";

export type BacktestOptions = {
  /** What the new policy scans by, `<version>:<sha-256>`. */
  readonly ruleset: string;
  /** How many request ids each list of the report holds. */
  readonly maxListed: number;
};

/**
 * Decides past requests again under a new policy, row by row. What the rows do not say makes a row unknown and is never
 * guessed. Takes the memory of a few policies, however many rows there are. Pure.
 */
export class Backtest {
  readonly #next: KnownPolicy;
  readonly #ruleset: string;
  readonly #tally: Tally;
  readonly #past = new Map<string, KnownPolicy | null>();
  readonly #readers = new Map<string, FeatureReader>();

  constructor(policy: CompiledPolicy, { ruleset, maxListed }: BacktestOptions) {
    this.#next = knownFromFile(policy);
    this.#ruleset = ruleset;
    this.#tally = new Tally(maxListed);
  }

  /** Whether rows that this policy decided can be added. */
  knows(policyHash: string): boolean {
    return this.#past.has(policyHash);
  }

  /** The stored form of a policy that decided rows; null where it is not there, and then its rows are unknown. */
  learn(policyHash: string, stored: JsonObject | null): void {
    this.#past.set(policyHash, stored === null ? null : knownFromStore(stored));
  }

  /** Throws for a row of a policy that was not learnt. */
  add(row: DecidedRow): void {
    const from = outcomeOf(row);
    const judged = this.#judge(row, from);
    if (judged.to === null) {
      this.#tally.addUnknown(from, judged.missing);
      return;
    }
    this.#tally.addKnown(row.requestId, from, judged.to);
    this.#tally.addCost(judged.cost);
  }

  report(): BacktestReport {
    return this.#tally.report();
  }

  #judge(row: DecidedRow, from: Outcome): Judged {
    const features = row.features === null ? null : readFeatures(JSON.parse(row.features));
    if (features === null || row.policyHash === null) return unknown(NO_FEATURES);
    const past = this.#past.get(row.policyHash);
    if (past === undefined) throw new Error("a row of a policy that was not learnt");
    if (past === null) return unknown(NO_POLICY);
    if (from.kind === "deny" && from.code === CLOUD_MODEL_REFUSED) {
      return past.policy.hash === this.#next.policy.hash ? { to: from, cost: NO_COST } : unknown(CLOUD_MODEL);
    }
    if (from.kind === "deny" && from.code === STEERING_REFUSED) return { to: from, cost: NO_COST };
    const read = this.#readerOf(past, row.scanRuleset).read(features, row.findings);
    const result = this.#decide(read);
    if (result.kind === "unknown") return { to: null, missing: result.missing };
    const before = new PastDecision(past, features);
    const { outcome, candidate } = carried(result.decision, row, from, before);
    const after = { decision: result.decision, features: read.features, candidate };
    return { to: outcome, cost: this.#cost(row, before, after) };
  }

  /** As a rule nothing is missing, and then there is a shorter way to the same decision. */
  #decide({ features, missing }: ReadFeatures): PartialDecision {
    const { policy } = this.#next;
    if (missing.size === 0) return { kind: "known", decision: decide(policy, features) };
    return decidePartially(policy, features, missing);
  }

  #readerOf(past: KnownPolicy, scanRuleset: string | null): FeatureReader {
    const key = `${past.policy.hash} ${scanRuleset}`;
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const reader = new FeatureReader(past, this.#next, scanRuleset === this.#ruleset);
    this.#readers.set(key, reader);
    return reader;
  }

  #cost(
    row: DecidedRow,
    past: PastDecision,
    next: { readonly decision: Decision; readonly features: Features; readonly candidate: Candidate | null },
  ): RowCost | null {
    const before = row.provider === null ? 0 : past.cost(row.provider, row.usage);
    const { candidate, features } = next;
    const { maxOutputTokens } = next.decision.effects;
    const after =
      candidate === null
        ? 0
        : costOfAnswer({ policy: this.#next.policy, features, ...candidate, maxOutputTokens }, row.usage);
    if (before === null || after === null) return null;
    return { before, after, isReported: reportedTokens(features, row.usage) !== null };
  }
}

/** What the new policy would do with a row, or why nobody knows. */
type Judged =
  | { readonly to: Outcome; readonly cost: RowCost | null }
  | { readonly to: null; readonly missing: readonly string[] };

const unknown = (missing: string): Judged => ({ to: null, missing: [missing] });

const NO_COST: RowCost = { before: 0, after: 0, isReported: false };

/** What the row's own policy decided, derived again where that is asked for. */
class PastDecision {
  readonly #past: KnownPolicy;
  readonly #features: Features;
  #decision: Decision | null = null;

  constructor(past: KnownPolicy, features: Features) {
    this.#past = past;
    this.#features = features;
  }

  get decision(): Decision {
    this.#decision ??= decide(this.#past.policy, this.#features);
    return this.#decision;
  }

  cost(provider: ProviderId, usage: DecidedRow["usage"]): number | null {
    const asked = this.decision.candidates.find((candidate) => candidate.provider === provider);
    if (asked === undefined) return null;
    const { maxOutputTokens } = this.decision.effects;
    const answer: Answer = { policy: this.#past.policy, features: this.#features, ...asked, maxOutputTokens };
    return costOfAnswer(answer, usage);
  }
}

function outcomeOf({ provider, zone, reasonCodes }: DecidedRow): Outcome {
  if (provider !== null && zone !== null) return { kind: "route", provider, zone };
  return { kind: "deny", code: reasonCodes.at(-1) ?? "" };
}

/**
 * Who of the new candidates is asked first. Those that the gateway passed over then, because they cannot carry the
 * request, it would pass over again: that is the protocol's doing, and no policy changes it.
 */
function carried(
  { candidates, denial }: Decision,
  row: DecidedRow,
  from: Outcome,
  past: PastDecision,
): { readonly outcome: Outcome; readonly candidate: Candidate | null } {
  const [first] = candidates;
  if (first === undefined) return { outcome: { kind: "deny", code: denial ?? "" }, candidate: null };
  const unable = first.provider === row.provider ? [] : passedOver(past, row, from);
  const able = candidates.find(({ provider }) => !unable.includes(provider));
  if (able === undefined) return { outcome: { kind: "deny", code: UNTRANSLATABLE }, candidate: null };
  return { outcome: { kind: "route", provider: able.provider, zone: able.zone }, candidate: able };
}

function passedOver(past: PastDecision, row: DecidedRow, from: Outcome): readonly ProviderId[] {
  if (from.kind === "deny" && from.code !== UNTRANSLATABLE) return [];
  const asked = past.decision.candidates.map(({ provider }) => provider);
  return row.provider === null ? asked : asked.slice(0, Math.max(0, asked.indexOf(row.provider)));
}
