import ping from "../../db/queries/database/ping.sql" with { type: "text" };
import { ok, type Result } from "../core/result.ts";
import { createAuditActions } from "./audit-actions.ts";
import { createAuditEvents } from "./audit-events.ts";
import { createAuditLog } from "./audit-log.ts";
import { createAuditMaintenance } from "./audit-maintenance.ts";
import { createAuditSearch } from "./audit-search.ts";
import { createAuditShipping } from "./audit-shipping.ts";
import type { Database, DatabaseFailure } from "./database.ts";
import { createLogTree } from "./log-tree.ts";
import { createPolicies } from "./policies.ts";

/** What is done with the tables of one database, in the words of those who need it done. */
export function tablesOf(database: Database) {
  return {
    database,
    auditEvents: createAuditEvents(database),
    auditSearch: createAuditSearch(database),
    auditShipping: createAuditShipping(database),
    auditActions: createAuditActions(database),
    auditMaintenance: createAuditMaintenance(database),
    /** `verifierKey` is of the key that this process signs with. */
    auditLog: (verifierKey: string) => createAuditLog(database, verifierKey),
    logTree: createLogTree(database),
    policies: createPolicies(database),
    /** Whether the database answers and the schema is there. */
    async ping(): Promise<Result<void, DatabaseFailure>> {
      const answered = await database.query(ping, []);
      return answered.ok ? ok(undefined) : answered;
    },
  };
}

export type Tables = ReturnType<typeof tablesOf>;
