import { ok, type Result } from "../../core/result.ts";
import type { DecidablePolicy } from "../../policy/compiled.ts";
import type { RequestRecord } from "../record.ts";
import { deriveAgain } from "./derive.ts";
import type { FaultList } from "./fault.ts";
import type { AuditPages, ReadFailure, TimedPolicy } from "./pages.ts";
import { type CheckedPolicy, checkPolicy, checkTimes } from "./policy-check.ts";

/** Compiled policies that are kept, the last used ones. Rows that stand together name few. */
const MAX_POLICIES = 64;
/** A policy of some size has a hundred kilobytes. */
const PAGE_POLICIES = 16;

type UsedPolicy = { readonly firstUse: number; readonly leafIndex: number };

/**
 * Decides again what rows say was decided, and checks that every policy is the one that its hash names. Keeps some words
 * on each policy, and a bounded number of compiled ones.
 */
export class DecisionCheck {
  readonly #pages: AuditPages;
  readonly #faults: FaultList;
  readonly #compiled = new Map<string, DecidablePolicy | null>();
  readonly #used = new Map<string, UsedPolicy>();
  #derivedCount = 0;
  #underivedCount = 0;

  constructor(pages: AuditPages, faults: FaultList) {
    this.#pages = pages;
    this.#faults = faults;
  }

  get derivedCount(): number {
    return this.#derivedCount;
  }

  /** Of rows whose policy is not there, or not what it was. */
  get underivedCount(): number {
    return this.#underivedCount;
  }

  async add(record: RequestRecord, leafIndex: number): Promise<Result<void, ReadFailure>> {
    const policy = await this.#policyOf(record, leafIndex);
    if (!policy.ok) return policy;
    if (policy.value === null) {
      this.#underivedCount++;
      return ok(undefined);
    }
    const columns = deriveAgain(policy.value, record);
    this.#derivedCount++;
    if (columns.length > 0) {
      const { request_id: subject } = record;
      const message = `Row ${subject} says what its policy does not decide by its features: ${columns.join(", ")}.`;
      this.#faults.add({ code: "decision_differs", place: "audit_events", columns, leafIndex, subject, message });
    }
    return ok(undefined);
  }

  /** Every policy, and those that rows name and that are not there. Notices are what proves nothing. */
  async finish(notices: FaultList, now: number): Promise<Result<number, ReadFailure>> {
    const missing = new Set(this.#used.keys());
    const changed: { readonly row: TimedPolicy; readonly checked: CheckedPolicy }[] = [];
    let count = 0;
    for (let after: string | null = null; ; ) {
      const page: Result<readonly TimedPolicy[], ReadFailure> = await this.#pages.policies(after, PAGE_POLICIES);
      if (!page.ok) return page;
      for (const row of page.value) {
        missing.delete(row.hash);
        const checked = checkPolicy(row);
        if (checked.documentHash === row.hash) this.#faults.add(...checked.faults);
        else changed.push({ row, checked });
        notices.add(...checkTimes(row, this.#used.get(row.hash)?.firstUse ?? null, now));
      }
      count += page.value.length;
      after = page.value.at(-1)?.hash ?? null;
      if (page.value.length < PAGE_POLICIES) break;
    }
    for (const { row, checked } of changed) this.#addChanged(row, checked, missing);
    for (const hash of missing) this.#addMissing(hash);
    return ok(count);
  }

  async #policyOf(record: RequestRecord, leafIndex: number): Promise<Result<DecidablePolicy | null, ReadFailure>> {
    const { policy_hash: hash, received_at: receivedAt } = record;
    const used = this.#used.get(hash);
    if (used === undefined || receivedAt < used.firstUse) {
      this.#used.set(hash, { firstUse: receivedAt, leafIndex: used?.leafIndex ?? leafIndex });
    }
    const known = this.#compiled.get(hash);
    if (known !== undefined) return ok(known);
    const found = await this.#pages.policy(hash);
    if (!found.ok) return found;
    const policy = found.value === null ? null : checkPolicy(found.value).policy;
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size >= MAX_POLICIES && oldest !== undefined) this.#compiled.delete(oldest);
    this.#compiled.set(hash, policy);
    return ok(policy);
  }

  /** A document that a row names by the hash that it has was not changed: its hash was. */
  #addChanged(row: TimedPolicy, { faults, documentHash }: CheckedPolicy, missing: Set<string>): void {
    const isRenamed = documentHash !== null && missing.delete(documentHash);
    const hash = isRenamed ? documentHash : row.hash;
    const leafIndex = this.#used.get(hash)?.leafIndex ?? null;
    this.#faults.add(
      ...faults.map((fault) => ({ ...fault, leafIndex, columns: isRenamed ? ["hash"] : fault.columns })),
    );
  }

  #addMissing(hash: string): void {
    const leafIndex = this.#used.get(hash)?.leafIndex ?? null;
    const message = `Policy ${hash}, which decided the row of leaf ${leafIndex}, is not kept.`;
    this.#faults.add({
      code: "policy_missing",
      place: "policies",
      columns: ["hash"],
      leafIndex,
      subject: hash,
      message,
    });
  }
}
