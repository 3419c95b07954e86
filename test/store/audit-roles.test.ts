import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { type ActionRecord, microsOf } from "../../src/audit/record.ts";
import { createAuditActions } from "../../src/store/audit-actions.ts";
import { createAuditMaintenance } from "../../src/store/audit-maintenance.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { createLogTree } from "../../src/store/log-tree.ts";
import { migrate } from "../../src/store/migrate.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { createPolicies } from "../../src/store/policies.ts";
import { type PostgresServer, startPostgresServer } from "../support/postgres-server.ts";
import { requestRecord, requestRecords, shipped } from "../support/request-records.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-roles-"));
const MIGRATION_TIMEOUT_MS = 30_000;
const PASSWORD = "roles";
const NOW = new Date("2026-11-22T10:00:00Z");
const SIX_DAYS_MS = 6 * 86_400_000;

describe.skipIf(server === null)("on a real server, with roles of their own", () => {
  const logins: string[] = [];
  const open: Database[] = [];
  let owner: postgres.Sql;

  async function migrateAsOwner(): Promise<void> {
    expect((await migrate(onServer().url, { workDir: scratch, timeoutMs: 30_000, exclusive: false })).ok).toBe(true);
  }

  beforeAll(() => {
    owner = postgres({ ...mustParse(onServer().url), max: 1, onnotice() {} });
  });
  afterAll(async () => {
    for (const database of open) await database.close();
    for (const login of logins) {
      await owner.unsafe(`drop owned by ${login}`);
      await owner.unsafe(`drop role ${login}`);
    }
    await owner?.end({ timeout: 1 });
    await server?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A login that is a member of `role` and nothing else, as the guide makes it. */
  async function loginOf(role: string | null) {
    const name = `policy_mesh_test_${crypto.randomUUID().replaceAll("-", "")}`;
    await owner.unsafe(`create role ${name} login password '${PASSWORD}' ${role === null ? "" : `in role ${role}`}`);
    logins.push(name);
    const url = onServer().url.replace(/\/\/[^@]*@/, `//${name}:${PASSWORD}@`);
    const database = openDatabase({ kind: "server", options: mustParse(url) });
    open.push(database);
    return { name, url, database, sql: postgres({ ...mustParse(url), max: 1, idle_timeout: 1, onnotice() {} }) };
  }

  test(
    "a migration by somebody who may make no roles goes through without them",
    async () => {
      const known = () => owner<{ n: number }[]>`
      select count(*)::integer as n from pg_roles where rolname in ('policy_mesh_app', 'policy_mesh_retention')`;
      const before = await known();
      const { name, url } = await loginOf(null);
      const database = `${name}_db`;
      await owner.unsafe(`create database ${database} owner ${name}`);
      try {
        const own = url.replace(/^([a-z]+:\/\/[^/?]*)\/[^?]*/, `$1/${database}`);
        expect((await migrate(own, { workDir: scratch, timeoutMs: 30_000, exclusive: false })).ok).toBe(true);
        expect([...(await known())]).toEqual([...before]);
        await migrateAsOwner();
        const sql = postgres({ ...mustParse(own), max: 1, onnotice() {} });
        await sql`select audit_grant_roles()`;
        const granted =
          await sql`select has_table_privilege('policy_mesh_app', 'audit_events', 'insert') as is_granted`;
        expect([...granted]).toEqual([{ is_granted: true }]);
        await sql.end();
      } finally {
        await owner.unsafe(`drop database ${database} with (force)`);
      }
    },
    MIGRATION_TIMEOUT_MS,
  );

  test(
    "the gateway's may do all that a gateway does",
    async () => {
      await migrateAsOwner();
      const { url, database } = await loginOf("policy_mesh_app");
      const maintenance = createAuditMaintenance(database);
      expect(await maintenance.createPartitions(NOW)).toEqual({ ok: true, value: 9 });
      const records = requestRecords(1, 3);
      expect(await createAuditShipping(database).ship(records.map(shipped))).toEqual({
        ok: true,
        value: { inserted: 3 },
      });
      expect(await createAuditActions(database).appendAction(QUARANTINE)).toEqual({ ok: true, value: 3 });
      expect(await maintenance.countLeaves()).toEqual({ ok: true, value: { countedCount: 4, behindCount: 0 } });
      const grown = await createLogTree(database).grow({
        fromSize: 0,
        size: 4,
        rootHash: Buffer.alloc(32),
        tiles: [{ level: 0, index: 0, hashes: Buffer.alloc(128) }],
        note: "a note",
        verifierKey: "a key",
      });
      expect(grown).toMatchObject({ ok: true });
      const meta = { hash: `sha256:${"ab".repeat(32)}`, name: "team", version: 1 };
      for (const _time of ["first", "again"]) {
        const kept = await createPolicies(database).activate({ name: "team", version: 1 }, meta, NOW);
        expect(kept).toMatchObject({ ok: true });
      }
      // What a start of the gateway does: it looks, and finds nothing to do.
      const migrated = await migrate(url, { workDir: scratch, timeoutMs: 30_000, exclusive: false });
      expect(migrated).toEqual({ ok: true, value: { applied: [] } });
    },
    MIGRATION_TIMEOUT_MS,
  );

  test("the gateway's may not change, delete, erase or drop what is on record", async () => {
    const { sql, database } = await loginOf("policy_mesh_app");
    for (const statement of [
      ...["audit_events", "audit_leaves", "audit_actions", "audit_checkpoints", "audit_log_keys"].flatMap(forbiddenTo),
      "delete from audit_tiles",
      "delete from audit_log_state",
      "truncate audit_log_tree",
      "insert into audit_log_state (next_index) values (7)",
      "update policies set document = '{}'",
      "delete from policies",
      "delete from audit_hourly",
      "delete from schema_migrations",
      "drop table audit_events_20261122",
      "update audit_events_20261122 set rule = 'x'",
      "insert into audit_events_default select from audit_events_default",
      "alter table audit_events disable trigger all",
      "create table mine (id integer)",
      "select audit_erase_event(gen_random_uuid(), now(), '{}', '', '')",
      "select audit_drop_day(gen_random_uuid(), now(), '{}', '', '')",
      "select audit_clear_default(gen_random_uuid(), now(), '{}', '', '')",
      "select audit_grant_roles()",
    ]) {
      await expect(sql.unsafe(statement).execute()).rejects.toMatchObject({ code: "42501" });
    }
    const [record] = requestRecords(1, 1);
    const maintenance = createAuditMaintenance(database);
    expect(await maintenance.erase(record?.request_id ?? "", NOW)).toEqual({ ok: true, value: { kind: "absent" } });
    expect(await maintenance.dropBefore(NOW, NOW)).toMatchObject({ ok: false, error: { code: "42501" } });
  });

  test("the gateway's is refused what the guide says it must be", async () => {
    const guide = readFileSync(join(import.meta.dir, "../../docs/how-to/run-with-least-privilege.md"), "utf8");
    const statements = (guide.split("## Check it")[1]?.split("```")[1] ?? "").split("\n").slice(1, -1);
    expect(statements).toHaveLength(5);
    const { sql } = await loginOf("policy_mesh_app");
    for (const statement of statements) {
      await expect(sql.unsafe(statement).execute()).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("the other may erase and drop on record, and nothing else", async () => {
    const { sql, database } = await loginOf("policy_mesh_retention");
    const app = await loginOf("policy_mesh_app");
    const old = requestRecord(10, { received_at: microsOf(NOW) - SIX_DAYS_MS * 1_000 });
    const young = requestRecord(11, { received_at: microsOf(NOW) });
    await createAuditMaintenance(app.database).createPartitions(new Date(NOW.getTime() - SIX_DAYS_MS));
    expect((await createAuditShipping(app.database).ship([old, young].map(shipped))).ok).toBe(true);
    const maintenance = createAuditMaintenance(database);
    expect(await maintenance.erase(young.request_id, NOW)).toMatchObject({ ok: true, value: { kind: "erased" } });
    await owner`update audit_log_tree set tree_size = (select next_index from audit_log_state)`;
    const dropped = await maintenance.dropBefore(new Date("2026-11-17T00:00:00Z"), NOW);
    expect(dropped).toMatchObject({ ok: true, value: { kept: [] } });
    expect((await owner`select 1 from audit_events where request_id = ${old.request_id}`).length).toBe(0);
    for (const statement of [
      ...["audit_events", "audit_leaves", "audit_actions"].flatMap(forbiddenTo),
      "insert into audit_events (request_id, received_at, record_version) values (gen_random_uuid(), now(), 0)",
      "insert into audit_actions (action_id) values (gen_random_uuid())",
      "update audit_log_state set next_index = 0",
      "update audit_log_tree set tree_size = 0",
      "select 1 from audit_tiles",
      "drop table audit_events_20261122",
      "create table mine (id integer)",
    ]) {
      await expect(sql.unsafe(statement).execute()).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("those who are in neither may call none of the functions that act", async () => {
    const { sql } = await loginOf(null);
    for (const statement of [
      "select audit_create_partitions(current_date, 1)",
      "select audit_retention_details('audit_events_default', now())",
      "select audit_erase_event(gen_random_uuid(), now(), '{}', '', '')",
      "select audit_append_action(gen_random_uuid(), 'erasure', now(), null, null, '{}', '', '')",
    ]) {
      await expect(sql.unsafe(statement).execute()).rejects.toMatchObject({ code: "42501" });
    }
  });

  test("no table of the caller's own is taken for the one of that name", async () => {
    const { sql } = await loginOf("policy_mesh_app");
    await sql`create temporary table audit_events_default (received_at timestamptz)`;
    await sql`insert into audit_events_default values ('2027-01-01T12:00:00Z')`;
    const [made] = await sql`select audit_create_partitions('2027-01-01', 1) as n`;
    expect(made).toEqual({ n: 1 });
  });
});

const forbiddenTo = (table: string): string[] => [
  `update ${table} set ${FIRST_COLUMN[table]} = ${FIRST_COLUMN[table]}`,
  `delete from ${table}`,
  `truncate ${table}`,
  `drop table ${table}`,
];
const FIRST_COLUMN: Readonly<Record<string, string>> = {
  audit_events: "request_id",
  audit_leaves: "leaf_index",
  audit_actions: "action_id",
  audit_checkpoints: "tree_size",
  audit_log_keys: "verifier_key",
};

const QUARANTINE: ActionRecord = {
  kind: "quarantine",
  record_version: 1,
  action_id: "019382c0-0000-4000-8000-0000000000aa",
  performed_at: microsOf(NOW),
  instance_id: "0190c1d2-0000-7000-8000-000000000001",
  instance_seq: 4,
  details: { reason: "refused", byte_count: 612, missing_seqs: [3] },
  salt: "ab".repeat(16),
};

function onServer(): PostgresServer {
  if (server === null) throw new Error("there is no PostgreSQL server on this machine");
  return server;
}

function mustParse(url: string): NonNullable<ReturnType<typeof clientOptions>> {
  const options = clientOptions(url);
  if (options === null) throw new Error("not a PostgreSQL URL");
  return options;
}
