import type { FoundEvent } from "../audit/search.ts";
import { ok, type Result } from "../core/result.ts";
import type { Receipt } from "./audit-log.ts";
import type { SpooledAudit } from "./audit-spool.ts";
import type { Spool } from "./spool/contract.ts";

type Failure = { readonly message: string };

type Parts<Search, Log> = {
  readonly audit: Pick<SpooledAudit, "pending">;
  readonly search: Search;
  readonly log: Log;
  readonly spool: Pick<Spool, "firstUnshippedSeq" | "lastDurableSeq">;
  readonly shippedThrough: (seq: number, timeoutMs: number) => Promise<boolean>;
};

/** A row that is on the spool is worth waiting so long for, where the database answers. */
const FOLLOW_TIMEOUT_MS = 2_000;

/**
 * Rows follow the answers of their requests. Who asks this process in between gets a request that has not ended as it is,
 * and waits for the row of one that has.
 */
export function followingReads<
  Search extends { find(requestId: string): Promise<Result<FoundEvent | null, Failure>> },
  Log extends { receipt(requestId: string): Promise<Result<Receipt, Failure>> },
>({ audit, search, log, spool, shippedThrough }: Parts<Search, Log>) {
  /** Looks again where a row was on its way at the first look. */
  async function followed<T>(look: () => Promise<Result<T, Failure>>, isMiss: (found: T) => boolean) {
    const lastSeq = spool.lastDurableSeq;
    const isBehind = spool.firstUnshippedSeq <= lastSeq;
    const found = await look();
    if (!found.ok || !isMiss(found.value) || !isBehind) return found;
    await shippedThrough(lastSeq, FOLLOW_TIMEOUT_MS);
    return look();
  }

  return {
    events: {
      ...search,
      async find(requestId: string): Promise<Result<FoundEvent | null, Failure>> {
        const event = audit.pending(requestId);
        if (event !== null) return ok({ kind: "event", event });
        return followed(
          () => search.find(requestId),
          (found) => found === null,
        );
      },
    },
    log: {
      ...log,
      async receipt(requestId: string): Promise<Result<Receipt, Failure>> {
        if (audit.pending(requestId) !== null) return ok({ kind: "pending" });
        return followed(
          () => log.receipt(requestId),
          ({ kind }) => kind === "absent",
        );
      },
    },
  };
}
