import { LOCAL_ZONE, type ProviderId, type Zone } from "../../core/decision.ts";

/** What was decided of a request, or would be: who is asked first, or why nobody is. */
export type Outcome =
  | { readonly kind: "route"; readonly provider: ProviderId; readonly zone: Zone }
  | { readonly kind: "deny"; readonly code: string };

/** `to` is null where it is unknown what the new policy would decide. */
export type Cell = { readonly from: Outcome; readonly to: Outcome | null; readonly rows: number };

/** `rows` is exact; of their request ids only the first are kept. */
export type Listed = { readonly rows: number; readonly requestIds: readonly string[] };

/** Over the rows whose new outcome is known and whose prices are, in micro-USD. */
export type CostDifference = {
  readonly beforeMicros: number;
  readonly afterMicros: number;
  /** Reckoned by the tokens that the provider reported. */
  readonly reportedRows: number;
  /** Reckoned by estimated tokens, since none were reported. */
  readonly estimatedRows: number;
  /** Left out: no price is known for one of the two, or no number of tokens. */
  readonly unpricedRows: number;
};

export type BacktestReport = {
  readonly rows: number;
  readonly unchanged: number;
  readonly changed: number;
  readonly unknown: number;
  /** Most rows first. */
  readonly matrix: readonly Cell[];
  /** Why rows are unknown: a row counts for each value that it lacks. Most rows first. */
  readonly unknownBy: readonly { readonly missing: string; readonly rows: number }[];
  readonly cost: CostDifference;
  /** Those that stayed local, or went nowhere, and would be sent to another zone. */
  readonly newlyOutsideLocal: Listed;
  /** Those that were answered, and would not be. */
  readonly newlyDenied: Listed;
};

export const isSameOutcome = (one: Outcome, other: Outcome): boolean => keyOf(one) === keyOf(other);

const keyOf = (outcome: Outcome): string =>
  outcome.kind === "deny" ? `deny ${outcome.code}` : `route ${outcome.provider} ${outcome.zone}`;

/** In micro-USD; `isReported` where a provider counted the tokens. */
export type RowCost = { readonly before: number; readonly after: number; readonly isReported: boolean };

/** Counts rows; what it holds does not grow with them. */
export class Tally {
  #rows = 0;
  #unchanged = 0;
  #unknown = 0;
  readonly #cells = new Map<string, { readonly from: Outcome; readonly to: Outcome | null; rows: number }>();
  readonly #unknownBy = new Map<string, number>();
  readonly #cost = { beforeMicros: 0, afterMicros: 0, reportedRows: 0, estimatedRows: 0, unpricedRows: 0 };
  readonly #outside: List;
  readonly #denied: List;

  constructor(maxListed: number) {
    this.#outside = new List(maxListed);
    this.#denied = new List(maxListed);
  }

  addUnknown(from: Outcome, missing: readonly string[]): void {
    this.#rows++;
    this.#unknown++;
    this.#count(from, null);
    for (const key of missing) this.#unknownBy.set(key, (this.#unknownBy.get(key) ?? 0) + 1);
  }

  addKnown(requestId: string, from: Outcome, to: Outcome): void {
    this.#rows++;
    if (isSameOutcome(from, to)) this.#unchanged++;
    this.#count(from, to);
    if (isOutside(to) && !isOutside(from)) this.#outside.add(requestId);
    if (to.kind === "deny" && from.kind === "route") this.#denied.add(requestId);
  }

  /** Null where nobody can tell. */
  addCost(cost: RowCost | null): void {
    if (cost === null) {
      this.#cost.unpricedRows++;
      return;
    }
    this.#cost.beforeMicros = added(this.#cost.beforeMicros, cost.before);
    this.#cost.afterMicros = added(this.#cost.afterMicros, cost.after);
    if (cost.isReported) this.#cost.reportedRows++;
    else this.#cost.estimatedRows++;
  }

  report(): BacktestReport {
    const unknownBy = [...this.#unknownBy].map(([missing, rows]) => ({ missing, rows }));
    return {
      rows: this.#rows,
      unchanged: this.#unchanged,
      changed: this.#rows - this.#unchanged - this.#unknown,
      unknown: this.#unknown,
      matrix: [...this.#cells.values()].map((cell) => ({ ...cell })).toSorted(mostRowsFirst),
      unknownBy: unknownBy.toSorted(mostRowsFirst),
      cost: { ...this.#cost },
      newlyOutsideLocal: this.#outside.listed(),
      newlyDenied: this.#denied.listed(),
    };
  }

  #count(from: Outcome, to: Outcome | null): void {
    const key = `${keyOf(from)} > ${to === null ? "" : keyOf(to)}`;
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { from, to, rows: 1 });
    else cell.rows++;
  }
}

class List {
  readonly #max: number;
  readonly #requestIds: string[] = [];
  #rows = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(requestId: string): void {
    this.#rows++;
    if (this.#requestIds.length < this.#max) this.#requestIds.push(requestId);
  }

  listed(): Listed {
    return { rows: this.#rows, requestIds: [...this.#requestIds] };
  }
}

const isOutside = (outcome: Outcome): boolean => outcome.kind === "route" && outcome.zone !== LOCAL_ZONE;

const mostRowsFirst = (one: { readonly rows: number }, other: { readonly rows: number }): number =>
  other.rows - one.rows;

/** Sums stay exact as long as they are safe integers, and beyond that say no more than that. */
const added = (sum: number, cost: number): number => Math.min(sum + cost, Number.MAX_SAFE_INTEGER);
