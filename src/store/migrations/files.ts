import createAuditEvents from "../../../db/migrations/20261122080000_create_audit_events.sql" with { type: "text" };
import widenSurfaces from "../../../db/migrations/20261122110000_widen_surfaces.sql" with { type: "text" };
import addScanFindings from "../../../db/migrations/20261122140000_add_scan_findings.sql" with { type: "text" };
import checkScanFindings from "../../../db/migrations/20261122140001_check_scan_findings.sql" with { type: "text" };
import createPolicies from "../../../db/migrations/20261122170000_create_policies.sql" with { type: "text" };
import addPolicyToAuditEvents from "../../../db/migrations/20261122170001_add_policy_to_audit_events.sql" with {
  type: "text",
};
import checkPolicyOfAuditEvents from "../../../db/migrations/20261122170002_check_policy_of_audit_events.sql" with {
  type: "text",
};
import partitionAuditEvents from "../../../db/migrations/20261122200000_partition_audit_events.sql" with {
  type: "text",
};
import createAuditLog from "../../../db/migrations/20261122200001_create_audit_log.sql" with { type: "text" };
import createAuditRollups from "../../../db/migrations/20261122200002_create_audit_rollups.sql" with { type: "text" };
import defineAuditMaintenance from "../../../db/migrations/20261122200003_define_audit_maintenance.sql" with {
  type: "text",
};
import grantAuditRoles from "../../../db/migrations/20261122200004_grant_audit_roles.sql" with { type: "text" };
import addAttempts from "../../../db/migrations/20261122230000_add_attempts_to_audit_events.sql" with { type: "text" };
import checkAttempts from "../../../db/migrations/20261122230001_check_attempts_of_audit_events.sql" with {
  type: "text",
};

export type MigrationFile = { readonly name: string; readonly text: string };

/** Every file of `db/migrations`, in order: what the binary carries. A test compares this list with the folder. */
export const MIGRATION_FILES: readonly MigrationFile[] = [
  { name: "20261122080000_create_audit_events.sql", text: createAuditEvents },
  { name: "20261122110000_widen_surfaces.sql", text: widenSurfaces },
  { name: "20261122140000_add_scan_findings.sql", text: addScanFindings },
  { name: "20261122140001_check_scan_findings.sql", text: checkScanFindings },
  { name: "20261122170000_create_policies.sql", text: createPolicies },
  { name: "20261122170001_add_policy_to_audit_events.sql", text: addPolicyToAuditEvents },
  { name: "20261122170002_check_policy_of_audit_events.sql", text: checkPolicyOfAuditEvents },
  { name: "20261122200000_partition_audit_events.sql", text: partitionAuditEvents },
  { name: "20261122200001_create_audit_log.sql", text: createAuditLog },
  { name: "20261122200002_create_audit_rollups.sql", text: createAuditRollups },
  { name: "20261122200003_define_audit_maintenance.sql", text: defineAuditMaintenance },
  { name: "20261122200004_grant_audit_roles.sql", text: grantAuditRoles },
  { name: "20261122230000_add_attempts_to_audit_events.sql", text: addAttempts },
  { name: "20261122230001_check_attempts_of_audit_events.sql", text: checkAttempts },
];
