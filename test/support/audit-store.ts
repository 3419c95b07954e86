import postgres from "postgres";
import type { RequestRecord } from "../../src/audit/record.ts";
import { ok } from "../../src/core/result.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { shipped } from "./request-records.ts";

/** A migrated store, embedded where there is no URL, with a way to put rows into it as the shipper does. */
export async function openAuditStore(dataDir: string, databaseUrl: string | null = null) {
  const opened = await openStore({ dataDir, databaseUrl });
  if (!opened.ok) throw new Error(opened.error.message);
  const migrated = await opened.value.migrate();
  if (!migrated.ok) throw new Error(migrated.error.message);
  return { store: opened.value, ...rowsOf(opened.value) };
}

function rowsOf(store: Store) {
  const options = clientOptions(store.url);
  if (options === null) throw new Error("the database has no URL");
  const sql = postgres({ ...options, max: 1, onnotice() {} });
  const shipping = createAuditShipping({
    hung: new Promise(() => {}),
    close: async () => {},
    async query<Row extends object>(text: string, parameters: readonly (string | number | boolean | Date | null)[]) {
      return ok([...(await sql.unsafe<Row[]>(text, [...parameters]))]);
    },
  });
  return {
    sql,
    async ship(records: readonly RequestRecord[]) {
      const inserted = await shipping.ship(records.map(shipped));
      if (!inserted.ok) throw new Error(inserted.error.message);
      return inserted.value.inserted;
    },
    /** All but what says which row it was, as erasure does. */
    async erase(requestId: string) {
      await sql`
        update audit_events set erased_at = '2026-11-23T00:00:00.5Z', completed_at = null, status = null, surface = null,
          streamed = null, decision = null, provider = null, zone = null, model = null, answered_provider = null,
          answered_zone = null, answered_model = null, reason_codes = null, policy_hash = null, rule = null,
          features = null, shadow = null, findings = null, scan_ruleset = null, failure_category = null,
          message_count = null, prompt_length = null, prompt_digest = null, prompt_tokens = null,
          completion_tokens = null, cost_micros = null, latency_ms = null, attempts = null, salt = null, column_checks = null
        where request_id = ${requestId}`;
    },
    async close() {
      await sql.end({ timeout: 5 });
      await store.close();
    },
  };
}
