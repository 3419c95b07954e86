import canonicalize from "canonicalize";
import { isJsonObject } from "../../core/json.ts";
import { compileStored } from "../../policy/compile.ts";
import type { DecidablePolicy } from "../../policy/compiled.ts";
import { hashOf } from "../../policy/identity.ts";
import type { AuditFault } from "./fault.ts";
import type { StoredPolicy, TimedPolicy } from "./pages.ts";

export type CheckedPolicy = {
  readonly faults: readonly AuditFault[];
  /** What the document hashes to; null where it is none. */
  readonly documentHash: string | null;
  /** Null where the document is not the one of that hash, or of a form that this version does not read. */
  readonly policy: DecidablePolicy | null;
};

/** Whether a stored policy is the one that its hash names. */
export function checkPolicy(row: StoredPolicy): CheckedPolicy {
  const { document } = row;
  const canonical = isJsonObject(document) ? canonicalize(document) : undefined;
  const documentHash = canonical === undefined ? null : hashOf(canonical);
  if (!isJsonObject(document) || documentHash !== row.hash) {
    const message = `Policy ${row.hash} is kept with a document of another hash.`;
    return { faults: [policyFault(row, ["document"], message)], documentHash, policy: null };
  }
  const columns = [
    ...(document["name"] === row.name ? [] : ["name"]),
    ...(document["version"] === row.version ? [] : ["version"]),
  ];
  const message = `Policy ${row.hash} has another ${columns.join(" and another ")} than its document.`;
  return {
    faults: columns.length === 0 ? [] : [policyFault(row, columns, message)],
    documentHash,
    policy: compiled(() => compileStored(document)),
  };
}

/** No signature covers these times, so this proves nothing; it is worth a look. `firstUse`: of a row it decided. */
export function checkTimes(row: TimedPolicy, firstUse: number | null, now: number): readonly AuditFault[] {
  const { firstActivatedAt: first, lastActivatedAt: last } = row;
  const tooLate = firstUse !== null && first > firstUse + CLOCK_MARGIN;
  const columns = [
    ...(tooLate || first > now + CLOCK_MARGIN ? ["first_activated_at"] : []),
    ...(last < first || last > now + CLOCK_MARGIN ? ["last_activated_at"] : []),
  ];
  if (columns.length === 0) return [];
  const message = `Policy ${row.hash} cannot have come in force when ${columns.join(" and ")} says.`;
  return [{ ...policyFault(row, columns, message), code: "time_out_of_order" }];
}

/** Microseconds. Clocks of replicas differ, and a policy may decide for a while before the database hears of it. */
const CLOCK_MARGIN = 86_400_000_000;

/** A hash that fits says that an older version wrote it: what does not compile is not anybody's doing. */
function compiled(compile: () => DecidablePolicy): DecidablePolicy | null {
  try {
    return compile();
  } catch {
    return null;
  }
}

const policyFault = ({ hash }: StoredPolicy, columns: readonly string[], message: string): AuditFault => ({
  code: "policy_changed",
  place: "policies",
  columns,
  leafIndex: null,
  subject: hash,
  message,
});
