import createAuditEvents from "../../../db/migrations/20261122080000_create_audit_events.sql" with { type: "text" };
import widenSurfaces from "../../../db/migrations/20261122110000_widen_surfaces.sql" with { type: "text" };
import addScanFindings from "../../../db/migrations/20261122140000_add_scan_findings.sql" with { type: "text" };
import checkScanFindings from "../../../db/migrations/20261122140001_check_scan_findings.sql" with { type: "text" };

export type MigrationFile = { readonly name: string; readonly text: string };

/** Every file of `db/migrations`, in order: what the binary carries. A test compares this list with the folder. */
export const MIGRATION_FILES: readonly MigrationFile[] = [
  { name: "20261122080000_create_audit_events.sql", text: createAuditEvents },
  { name: "20261122110000_widen_surfaces.sql", text: widenSurfaces },
  { name: "20261122140000_add_scan_findings.sql", text: addScanFindings },
  { name: "20261122140001_check_scan_findings.sql", text: checkScanFindings },
];
