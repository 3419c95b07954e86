import type { RetentionDetails } from "../record.ts";
import type { AuditFault } from "./fault.ts";

/** Indices that were dropped by one or several actions whose spans overlap. */
type DroppedSpan = { readonly first: number; readonly last: number; readonly dropped: number; missing: number };

/** Leaves that are not there any more must be those that actions of the log say were dropped, and as many. */
export class RetentionCheck {
  readonly #spans: readonly DroppedSpan[];
  #at = 0;

  constructor(actions: readonly RetentionDetails[]) {
    const spans: DroppedSpan[] = [];
    const given = actions.flatMap(({ leaf_count: dropped, first_leaf_index: first, last_leaf_index: last }) =>
      first === null || last === null ? [] : [{ first, last, dropped, missing: 0 }],
    );
    for (const span of given.toSorted((one, other) => one.first - other.first)) {
      const before = spans.at(-1);
      if (before === undefined || before.last < span.first) spans.push(span);
      else {
        const last = Math.max(before.last, span.last);
        spans[spans.length - 1] = { ...before, last, dropped: before.dropped + span.dropped };
      }
    }
    this.#spans = spans;
  }

  /** There is no leaf of that index. Whether some action says that it was dropped; asked in the order of indices. */
  isDropped(index: number): boolean {
    while ((this.#spans[this.#at]?.last ?? index) < index) this.#at++;
    const span = this.#spans[this.#at];
    if (span === undefined || span.first > index) return false;
    span.missing++;
    return true;
  }

  /** Of spans that lie within the indices that were read. */
  finish(from: number, to: number): readonly AuditFault[] {
    return this.#spans
      .filter(({ first, last, dropped, missing }) => first >= from && last < to && dropped !== missing)
      .map(({ first, last, dropped, missing }) => ({
        code: "retention_differs",
        place: "audit_leaves",
        columns: ["leaf_index"],
        leafIndex: first,
        subject: null,
        message: `Actions say that ${dropped} leaves from ${first} to ${last} were dropped, and ${missing} are not there.`,
      }));
  }
}
