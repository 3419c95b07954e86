import getNewestVersion from "../../db/queries/policies/get_newest_version.sql" with { type: "text" };
import getPolicy from "../../db/queries/policies/get_policy.sql" with { type: "text" };
import upsertPolicy from "../../db/queries/policies/upsert_policy.sql" with { type: "text" };
import type { JsonObject } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import type { Database, DatabaseFailure } from "./database.ts";

/** `hash` is `sha256:<64 hex digits>` over the canonical form of what is stored. */
export type PolicyMeta = { readonly hash: string; readonly name: string; readonly version: number };

export type KeptPolicy = PolicyMeta & {
  /** The stored form: no keyword, no pattern, no credential. Keys come back in an order of the database's own. */
  readonly document: JsonObject;
  readonly firstActivatedAt: Date;
  readonly lastActivatedAt: Date;
};

type PolicyRow = PolicyMeta & {
  readonly document: JsonObject;
  readonly first_activated_at: Date;
  readonly last_activated_at: Date;
};

/** The table `policies`. Every method is one statement, committed when it answers ok. */
export function createPolicies(database: Database) {
  return {
    /**
     * Says that a policy is in force from now on. To say so again is no fault and keeps what is there, so replicas need
     * not agree who does it.
     */
    async activate(stored: JsonObject, meta: PolicyMeta, now: Date): Promise<Result<void, DatabaseFailure>> {
      const parameters = [meta.hash, meta.name, meta.version, JSON.stringify(stored), now];
      const written = await database.query(upsertPolicy, parameters);
      return written.ok ? ok(undefined) : written;
    },

    /** The highest version that was ever in force under a name; null where none was. */
    async newestVersion(
      name: string,
    ): Promise<Result<{ readonly version: number; readonly hash: string } | null, DatabaseFailure>> {
      const found = await database.query<{ version: number; hash: string }>(getNewestVersion, [name]);
      return found.ok ? ok(found.value[0] ?? null) : found;
    },

    async find(hash: string): Promise<Result<KeptPolicy | null, DatabaseFailure>> {
      const found = await database.query<PolicyRow>(getPolicy, [hash]);
      if (!found.ok) return found;
      const [row] = found.value;
      return ok(row === undefined ? null : toPolicy(row));
    },
  };
}

function toPolicy({ first_activated_at, last_activated_at, ...row }: PolicyRow): KeptPolicy {
  return { ...row, firstActivatedAt: first_activated_at, lastActivatedAt: last_activated_at };
}
