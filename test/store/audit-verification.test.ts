import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type postgres from "postgres";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import type { RetentionDetails } from "../../src/audit/record.ts";
import { edgeTilesOf, extendTiles, readerOf, rootFromTiles } from "../../src/audit/tiles.ts";
import { type AuditFault, MAX_KEPT_FAULTS } from "../../src/audit/verify/fault.ts";
import { type VerifyOptions, type VerifyReport, verifyAudit } from "../../src/audit/verify/verify.ts";
import { actionRecord, createAuditActions } from "../../src/store/audit-actions.ts";
import { createAuditShipping } from "../../src/store/audit-shipping.ts";
import { createAuditVerification } from "../../src/store/audit-verification.ts";
import { LogDatabase, verifierOf } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { shipped as shippedOf } from "../support/request-records.ts";
import { signerNamed } from "../support/signed-log.ts";
import {
  buildLog,
  databaseOver,
  INSTANCES,
  KEPT_DAY,
  type KeptNote,
  LOG,
  recordOf,
  SIGNER,
} from "../support/verify-world.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-verify-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** A change for every column of every table that is verified, as SQL. */
const COLUMNS = {
  audit_events: [
    ["request_id", "'0192d3a4-ffff-7222-8333-000000000000'"],
    ["received_at", "received_at + interval '1 microsecond'"],
    ["record_version", "0"],
    ["instance_id", "'0192d3a4-aaaa-4bbb-8ccc-ddddddddddff'"],
    ["instance_seq", "instance_seq + 100000"],
    ["completed_at", "completed_at - interval '1 microsecond'"],
    ["status", "'client_aborted'"],
    ["surface", "'openai_chat'"],
    ["streamed", "not streamed"],
    ["decision", "'deny'"],
    ["provider", "'local'"],
    ["zone", "'local'"],
    ["model", "null"],
    ["answered_provider", "null"],
    ["answered_zone", "'local'"],
    ["answered_model", "answered_model || 'x'"],
    ["reason_codes", "array_append(reason_codes, 'other')"],
    ["policy_hash", "overlay(policy_hash placing '00' from 10)"],
    ["rule", "rule || 'x'"],
    ["features", "jsonb_set(features, '{prompt_chars}', '1')"],
    ["shadow", '\'[{"rule": "x", "outcome": "deny", "provider": null, "differs": true}]\''],
    ["findings", "'{}'"],
    ["scan_ruleset", "scan_ruleset || '0'"],
    ["failure_category", "'timeout'"],
    ["message_count", "message_count + 1"],
    ["prompt_length", "-1"],
    ["prompt_digest", "reverse(prompt_digest)"],
    ["prompt_tokens", "null"],
    ["completion_tokens", "0"],
    ["cost_micros", "cost_micros * 1000000000000000"],
    ["latency_ms", "latency_ms + 1"],
    ["attempts", "jsonb_set(attempts, '{0,result}', '\"left\"')"],
    ["salt", "set_byte(salt, 15, 255 - get_byte(salt, 15))"],
    ["column_checks", "set_byte(column_checks, 8, 255 - get_byte(column_checks, 8))"],
    ["erased_at", "completed_at"],
  ],
  audit_leaves: [
    ["leaf_index", "leaf_index + 100000"],
    ["request_id", "'0192d3a4-ffff-7222-8333-000000000000'"],
    ["received_at", "received_at + interval '1 hour'"],
    ["leaf_hash", "set_byte(leaf_hash, 31, 255 - get_byte(leaf_hash, 31))"],
  ],
  audit_actions: [
    ["action_id", "'0192d3a4-ffff-7222-8333-000000000000'"],
    ["leaf_index", "leaf_index + 100000"],
    ["leaf_hash", "set_byte(leaf_hash, 0, 255 - get_byte(leaf_hash, 0))"],
    ["record_version", "0"],
    ["kind", "'erasure'"],
    ["performed_at", "performed_at + interval '1 microsecond'"],
    ["instance_id", "'0192d3a4-aaaa-4bbb-8ccc-ddddddddddff'"],
    ["instance_seq", "coalesce(instance_seq, 0) + 1"],
    ["details", "details || '{\"more\": 1}'"],
    ["salt", "set_byte(salt, 0, 255 - get_byte(salt, 0))"],
  ],
  audit_tiles: [
    ["level", "5"],
    ["tile_index", "77"],
    ["hashes", "sha256('x') || substring(hashes from 33)"],
  ],
  audit_checkpoints: [
    ["tree_size", "tree_size + 3"],
    ["root_hash", "sha256('x')"],
    ["note", "replace(note, chr(10) || tree_size, chr(10) || tree_size + 1)"],
    ["signed_at", "signed_at + case when tree_size = 690 then -1 else 1 end * interval '1 day'"],
  ],
  policies: [
    ["hash", "overlay(hash placing '00' from 10)"],
    ["name", "name || 'x'"],
    ["version", "version + 1"],
    ["document", "jsonb_set(document, '{default,reason}', '\"x\"')"],
    ["first_activated_at", "last_activated_at + interval '3 days'"],
    ["last_activated_at", "last_activated_at + interval '3 days'"],
  ],
} as const satisfies Partial<Record<AuditFault["place"], readonly (readonly [string, string])[]>>;

describe.skipIf(server === null)("audit verify on a real PostgreSQL", () => {
  let log: LogDatabase;
  let outside: KeptNote;
  const verifiers = [verifierOf(SIGNER.verifierKey)];

  beforeAll(async () => {
    log = await LogDatabase.open({ kind: "server", url: server?.url ?? "" }, scratch);
    outside = await buildLog(log);
    await dropConstraints(log.sql);
  }, 60_000);
  afterAll(() => log.close());

  const options = (changes: Partial<VerifyOptions> = {}): VerifyOptions => ({
    verifiers,
    kept: [{ file: outside.path, note: outside.note ?? "" }],
    since: null,
    now: KEPT_DAY * 1_000,
    ...changes,
  });

  async function verified(changes?: Partial<VerifyOptions>, database = log.database): Promise<VerifyReport> {
    const report = await verifyAudit(createAuditVerification(database), options(changes));
    if (!report.ok) throw new Error(report.error.message);
    return report.value;
  }

  /** What is said of a log that was changed by these statements, which are then undone. */
  async function afterChange(
    change: (tx: postgres.TransactionSql) => Promise<unknown>,
    changes?: Partial<VerifyOptions>,
  ): Promise<VerifyReport> {
    const undo = new Error("undone");
    const found: { report?: VerifyReport } = {};
    await log.sql
      .begin(async (tx) => {
        await change(tx);
        found.report = await verified(changes, databaseOver(tx));
        throw undo;
      })
      .catch((thrown) => {
        if (thrown !== undo) throw thrown;
      });
    if (found.report === undefined) throw new Error("nothing was verified");
    return found.report;
  }

  /** That some fault, or else a notice, is about this column; and which index comes first. */
  function expectNamed(report: VerifyReport, place: AuditFault["place"], column: string): void {
    const told = [...report.faults, ...report.notices].filter((fault) => fault.place === place);
    expect(told.flatMap(({ columns }) => columns)).toContain(column);
  }

  test("finds nothing in a log that nobody changed, and says what it read", async () => {
    const report = await verified();
    expect({ faults: report.faults, notices: report.notices }).toEqual({ faults: [], notices: [] });
    const [row] = await log.sql<{ rows: number; actions: number }[]>`
      select (select count(*)::integer from audit_events) as rows, (select count(*)::integer from audit_actions) as actions`;
    expect(report.tree).toMatchObject({ size: LOG.treeSize, tileCount: 3, checkpointCount: 4, matchedCount: 5 });
    expect(report.rows).toEqual({
      span: { from: 0, to: LOG.nextIndex },
      rowCount: row?.rows ?? 0,
      erasedCount: 1,
      droppedCount: LOG.droppedCount,
      actionCount: row?.actions ?? 0,
      instanceCount: 2,
      derivedCount: (row?.rows ?? 0) - 1,
      underivedCount: 0,
      unloggedCount: 0,
    });
  });

  test("reads only rows since a time where it is asked to, and the whole tree all the same", async () => {
    const seq = 300;
    const report = await verified({ since: (KEPT_DAY + seq) * 1_000 });
    expect(report.faults).toEqual([]);
    expect(report.tree.matchedCount).toBe(5);
    const { from, to } = report.rows.span;
    expect(from).toBeGreaterThan(LOG.rows.full);
    expect(to).toBe(LOG.nextIndex);
    const [first] = await log.sql<{ index: number }[]>`select min(leaf_index)::integer as index from audit_leaves
      where received_at >= ${new Date(KEPT_DAY + seq)}`;
    expect(from).toBe(first?.index ?? -1);
    expect((await verified({ since: (KEPT_DAY + 86_400_000) * 1_000 })).rows.span).toEqual({ from: to, to });
  });

  // Of a row in a full tile all columns; in the tile at the edge, and beyond it, the same code looks at them.
  const sites = COLUMNS.audit_events.flatMap(([column, change]) => {
    const others = ["request_id", "received_at", "instance_seq", "features", "salt", "erased_at"];
    const leafIndices = others.includes(column) ? Object.values(LOG.rows) : [LOG.rows.full];
    return leafIndices.map((leafIndex) => [column, leafIndex, change] as const);
  });
  test.each(sites)("names the column %s of the row of leaf %i", async (column, leafIndex, change) => {
    const report = await afterChange((tx) => tx.unsafe(changeOfRow(column, change, leafIndex)));
    expectNamed(report, "audit_events", column);
    expect(report.faults[0]).toMatchObject({ leafIndex, place: "audit_events", columns: [column] });
  });

  test("names the column of a row whose leaf_hash, or whose column_checks, were changed with it", async () => {
    const leafIndex = LOG.rows.full;
    const withLeaf = await afterChange(async (tx) => {
      await tx.unsafe(changeOfRow("model", "'other'", leafIndex));
      await tx`update audit_leaves set leaf_hash = sha256('made up') where leaf_index = ${leafIndex}`;
    });
    expect(withLeaf.faults.slice(0, 2)).toMatchObject([
      { place: "audit_events", columns: ["model"], leafIndex },
      { place: "audit_leaves", columns: ["leaf_hash"], leafIndex },
    ]);
    const withChecks = await afterChange(async (tx) => {
      await tx.unsafe(changeOfRow("model", "'other'", leafIndex));
      await tx.unsafe(changeOfRow("column_checks", "'\\x00'", leafIndex));
    });
    expect(withChecks.faults).toMatchObject([{ place: "audit_events", columns: ["column_checks"], leafIndex }]);
  });

  test("tells attempts, and their version, in rows of either version", async () => {
    const versions = ["record_version", "attempts"];
    for (const [leafIndex, changes, columns] of [
      [LOG.older, { attempts: "'[]'" }, ["attempts"]],
      [LOG.older, { attempts: "'null'" }, ["attempts"]],
      [LOG.older, { record_version: "2" }, ["record_version"]],
      [LOG.older, { record_version: "2", attempts: "'[]'" }, versions],
      [LOG.older, { model: "'other'" }, ["model"]],
      [LOG.rows.full, { attempts: "null" }, ["attempts"]],
      [LOG.rows.full, { attempts: "'[]'" }, ["attempts"]],
      [LOG.rows.full, { attempts: "replace(attempts::text, '11', '11.0')::jsonb" }, ["attempts"]],
      [LOG.rows.full, { record_version: "1" }, ["record_version"]],
      [LOG.rows.full, { record_version: "1", attempts: "null" }, versions.toReversed()],
    ] as const) {
      const report = await afterChange(async (tx) => {
        for (const [column, change] of Object.entries(changes)) await tx.unsafe(changeOfRow(column, change, leafIndex));
      });
      const { faults } = report;
      expect(faults).toMatchObject([{ code: "row_changed", columns, leafIndex }]);
    }
  });

  test("has a change for every column of every table", async () => {
    const columns = await log.sql<{ place: string; name: string }[]>`
      select table_name as place, column_name as name from information_schema.columns
      where table_schema = 'public' and table_name in ${log.sql(Object.keys(COLUMNS))} order by 1, ordinal_position`;
    const listed = Object.entries(COLUMNS).flatMap(([place, changes]) => changes.map(([name]) => `${place}.${name}`));
    expect(columns.map(({ place, name }) => `${place}.${name}`).toSorted()).toEqual(listed.toSorted());
  });

  describe("names the column of a leaf", () => {
    const leaves = COLUMNS.audit_leaves.flatMap(([column, change]) =>
      [LOG.leaf, LOG.rows.partial, LOG.rows.unsigned].map((at) => [column, at, change] as const),
    );
    test.each(leaves)("%s at %i", async (column, leafIndex, change) => {
      const report = await afterChange((tx) =>
        tx.unsafe(`update audit_leaves set ${column} = ${change} where leaf_index = ${leafIndex}`),
      );
      expectNamed(report, "audit_leaves", column);
      expect(report.faults[0]?.leafIndex).toBe(leafIndex);
    });
  });

  const actions = COLUMNS.audit_actions.flatMap(([column, change]) => [
    ["quarantine", column, change] as const,
    ...(["kind", "performed_at", "details"].includes(column)
      ? (["erasure", "retention"] as const).map((kind) => [kind, column, change] as const)
      : []),
  ]);
  describe("names the column of an action", () => {
    test.each(actions)("of %s: %s", async (kind, column, change) => {
      const report = await afterChange((tx) => {
        const own = column === "kind" && kind === "erasure" ? "'retention'" : change;
        return tx.unsafe(`update audit_actions set ${column} = ${own} where action_id =
          (select action_id from audit_actions where kind = '${kind}' order by leaf_index limit 1)`);
      });
      expectNamed(report, "audit_actions", column);
    });
  });

  describe("names the tile", () => {
    const places = [
      ["the first byte of a full tile", 0, 0, 0],
      ["a hash in the middle of a full tile", 0, 1, 100 * 32 + 5],
      ["the last byte of a full tile", 0, 1, 8_191],
      ["the first byte of the partial tile", 0, 2, 0],
      ["the last byte of the partial tile", 0, 2, (LOG.treeSize - 512) * 32 - 1],
      ["the first hash of the tile above", 1, 0, 0],
      ["the last byte of the tile above", 1, 0, 63],
    ] as const;
    test.each(places)("by %s", async (_, level, index, at) => {
      const report = await afterChange(
        (tx) => tx`update audit_tiles set hashes = set_byte(hashes, ${at}, 255 - get_byte(hashes, ${at}))
          where level = ${level} and tile_index = ${index}`,
      );
      const leafIndex = (index * 256 + Math.floor(at / 32)) * 256 ** level;
      const isDropped =
        level === 0 && (await log.sql`select from audit_leaves where leaf_index = ${leafIndex}`).length === 0;
      const expected = { place: "audit_tiles", columns: ["hashes"], subject: `${level}/${index}` };
      expect(report.faults).toMatchObject([{ ...expected, ...(isDropped ? {} : { leafIndex }) }]);
    });

    test.each(COLUMNS.audit_tiles)("by its column %s", async (column, change) => {
      for (const key of [
        [0, 0],
        [0, 2],
        [1, 0],
      ]) {
        const report = await afterChange((tx) =>
          tx.unsafe(`update audit_tiles set ${column} = ${change} where level = ${key[0]} and tile_index = ${key[1]}`),
        );
        expectNamed(report, "audit_tiles", column);
      }
    });

    test("that has a hash too many, or one too few", async () => {
      for (const change of ["hashes || sha256('x')", "substring(hashes from 1 for octet_length(hashes) - 32)"]) {
        for (const level of [0, 1]) {
          const report = await afterChange((tx) =>
            tx.unsafe(
              `update audit_tiles set hashes = ${change} where level = ${level} and tile_index = ${level === 0 ? 2 : 0}`,
            ),
          );
          expect(report.faults.some(({ subject }) => subject === `${level}/${level === 0 ? 2 : 0}`)).toBe(true);
        }
      }
    });

    test("that was deleted", async () => {
      const report = await afterChange((tx) => tx`delete from audit_tiles where level = 0 and tile_index = 1`);
      expect(report.faults).toMatchObject([{ code: "tile_missing", subject: "0/1", leafIndex: 256 }]);
    });
  });

  describe.each([[256], [LOG.treeSize]])("names the column of the checkpoint of %i leaves", (size) => {
    test.each(COLUMNS.audit_checkpoints)("%s", async (column, change) => {
      const report = await afterChange((tx) =>
        tx.unsafe(`update audit_checkpoints set ${column} = ${change} where tree_size = ${size}`),
      );
      expectNamed(report, "audit_checkpoints", column);
      expect(report.faults.every(({ place }) => !["audit_tiles", "audit_events"].includes(place))).toBe(true);
    });
  });

  test.each(COLUMNS.policies)("names the column %s of a policy", async (column, change) => {
    expectNamed(await afterChange((tx) => tx.unsafe(`update policies set ${column} = ${change}`)), "policies", column);
  });

  test("names a policy that is not kept any more", async () => {
    const report = await afterChange((tx) => tx`delete from policies`);
    expect(report.faults).toMatchObject([{ code: "policy_missing", place: "policies" }]);
    expect(report.rows.underivedCount).toBeGreaterThan(0);
  });

  test.each([["+ 5"], ["- 5"], ["- 690"]])("names next_index and tree_size after %s", async (change) => {
    const index = await afterChange((tx) => tx.unsafe(`update audit_log_state set next_index = next_index ${change}`));
    expect(index.faultCount).toBeGreaterThan(0);
    if (change === "- 690")
      expect(index.faults[0]).toMatchObject({ place: "audit_log_state", columns: ["next_index"] });
    const size = await afterChange((tx) => tx.unsafe(`update audit_log_tree set tree_size = tree_size ${change}`));
    expect(size.faults).toMatchObject([{ place: "audit_log_tree", columns: ["tree_size"] }]);
  });

  describe("finds rows that are not as they came", () => {
    const codesOf = (report: VerifyReport) => report.faults.map(({ code, leafIndex }) => [code, leafIndex]);

    test("deleted, with its leaf or without", async () => {
      const row = `(select request_id from audit_leaves where leaf_index = ${LOG.leaf})`;
      const without = await afterChange((tx) => tx.unsafe(`delete from audit_events where request_id = ${row}`));
      expect(codesOf(without)).toEqual([["row_missing", LOG.leaf]]);
      const both = await afterChange(async (tx) => {
        await tx.unsafe(`delete from audit_events where request_id = ${row}`);
        await tx`delete from audit_leaves where leaf_index = ${LOG.leaf}`;
      });
      expect(codesOf(both)).toEqual([["leaf_missing", LOG.leaf]]);
    });

    test("deleted among those of which some were dropped", async () => {
      const report = await afterChange(async (tx) => {
        await tx`delete from audit_events where request_id = (select request_id from audit_leaves where leaf_index = 201)`;
        await tx`delete from audit_leaves where leaf_index = 201`;
      });
      expect(report.faults[0]?.code).toBe("retention_differs");
    });

    test("cut off at the end of the log, by a checkpoint that was kept outside", async () => {
      const cut = async (tx: postgres.TransactionSql) => {
        await tx`delete from audit_events where (request_id, received_at) in
          (select request_id, received_at from audit_leaves where leaf_index >= 400)`;
        await tx`delete from audit_leaves where leaf_index >= 400`;
        await tx`delete from audit_actions where leaf_index >= 400`;
        await tx`delete from audit_checkpoints where tree_size > 400`;
        await tx`delete from audit_tiles where level = 0 and tile_index > 1`;
        await tx`update audit_tiles set hashes = substring(hashes from 1 for 144 * 32) where level = 0 and tile_index = 1`;
        await tx`update audit_tiles set hashes = substring(hashes from 1 for 32) where level = 1`;
        await tx`update audit_log_state set next_index = 400`;
        await tx`update audit_log_tree set tree_size = 400`;
      };
      const known = await afterChange(cut);
      expect(known.faults).toContainEqual(expect.objectContaining({ code: "log_truncated", leafIndex: 400 }));
      // Nothing but that checkpoint says so: dropped and erased rows have lost their actions, the rest is sound.
      const unknown = await afterChange(cut, { kept: [] });
      expect(unknown.faults.map(({ code }) => code)).not.toContain("log_truncated");
    });

    test("unsigned ones cut off, by next_index", async () => {
      const report = await afterChange(async (tx) => {
        await tx`delete from audit_events where request_id in
          (select request_id from audit_leaves where leaf_index >= 697)`;
        await tx`delete from audit_leaves where leaf_index >= 697`;
      });
      expect(codesOf(report)).toEqual([["log_truncated", 697]]);
    });

    test("swapped with another one", async () => {
      const report = await afterChange(
        (tx) => tx`update audit_leaves as one
          set request_id = other.request_id, received_at = other.received_at, leaf_hash = other.leaf_hash
          from audit_leaves as other
          where (one.leaf_index, other.leaf_index) in ((501, 502), (502, 501))`,
      );
      expect(report.faults.slice(0, 2)).toMatchObject([
        { place: "audit_leaves", columns: ["leaf_index"], leafIndex: 501 },
        { place: "audit_leaves", columns: ["leaf_index"], leafIndex: 502 },
      ]);
    });

    test("forged: without a leaf, with one beyond the end, and as if older than the log", async () => {
      const copy = `insert into audit_events select (jsonb_populate_record(event, jsonb_build_object(
        'request_id', gen_random_uuid()) || $1::text::jsonb)).* from audit_events as event
        where request_id = (select request_id from audit_leaves where leaf_index = ${LOG.leaf}) returning request_id`;
      const leafless = await afterChange((tx) => tx.unsafe(copy, ["{}"]));
      expect(codesOf(leafless)).toEqual([["row_unlogged", null]]);
      const beyond = await afterChange(async (tx) => {
        const [row] = await tx.unsafe<{ request_id: string }[]>(copy, ["{}"]);
        await tx`insert into audit_leaves select 700, ${row?.request_id ?? ""}::uuid, received_at, leaf_hash
          from audit_leaves where leaf_index = ${LOG.leaf}`;
      });
      expect(codesOf(beyond)).toEqual([["leaf_unexpected", 700]]);
      const older = { record_version: 0, instance_id: null, instance_seq: null };
      const before = await afterChange((tx) => tx.unsafe(copy, [JSON.stringify(older)]));
      expect(before.rows.unloggedCount).toBe(1);
      const later = { ...older, received_at: "2126-11-05T12:00:00Z" };
      const after = await afterChange((tx) => tx.unsafe(copy, [JSON.stringify(later)]));
      expect(codesOf(after)).toEqual([["row_unlogged", null]]);
    });

    test("emptied without an action that erased it, or erased and filled again", async () => {
      const emptied = await afterChange(
        (tx) => tx`update audit_events set erased_at = now(), completed_at = null, status = null, features = null,
          salt = null, column_checks = null
          where request_id = (select request_id from audit_leaves where leaf_index = ${LOG.leaf})`,
      );
      expect(codesOf(emptied)).toEqual([["erasure_unlogged", LOG.leaf]]);
      const filled = await afterChange((tx) => tx`update audit_events set model = 'm' where erased_at is not null`);
      expect(filled.faults).toMatchObject([{ code: "row_changed", columns: ["model"] }]);
      const moved = await afterChange(
        (tx) => tx`update audit_events set erased_at = erased_at + interval '1 second' where erased_at is not null`,
      );
      expect(moved.faults).toMatchObject([{ code: "row_changed", columns: ["erased_at"] }]);
    });

    test("whose instance's numbers have a gap that no quarantine explains", async () => {
      const report = await afterChange((tx) => tx`delete from audit_actions where kind = 'quarantine'`);
      expect(report.faults.map(({ code }) => code)).toContain("leaf_missing");
      const broken = await logWithGap();
      expect(broken.map(({ code, columns }) => ({ code, columns }))).toEqual([
        { code: "sequence_broken", columns: ["instance_id", "instance_seq"] },
      ]);
    });
  });

  /** What is said of a log that takes rows with a number left out, all of them well signed. */
  async function logWithGap(): Promise<readonly AuditFault[]> {
    const report = await afterChange(async (tx) => {
      await tx`alter table audit_events add primary key (request_id, received_at)`;
      const database = databaseOver(tx);
      const sent = await createAuditShipping(database).ship([shippedOf(recordOf(1, 9_001))]);
      expect(sent).toEqual({ ok: true, value: { inserted: 1 } });
    });
    return report.faults;
  }

  test("reads what nobody could have written, too, and says so", async () => {
    const emptied = [
      ["audit_tiles", "hashes"],
      ["audit_leaves", "leaf_hash"],
      ["audit_checkpoints", "note"],
      ["audit_checkpoints", "root_hash"],
      ["audit_actions", "details"],
      ["audit_actions", "salt"],
      ["audit_actions", "leaf_hash"],
      ["audit_events", "shadow"],
      ["audit_events", "completed_at"],
    ] as const;
    const report = await afterChange(async (tx) => {
      for (const [table, column] of emptied) {
        await tx.unsafe(`alter table ${table} alter column ${column} drop not null`);
        await tx.unsafe(`update ${table} set ${column} = null`);
      }
      await tx`update audit_events set received_at = 'infinity' where received_at = (select max(received_at) from audit_events)`;
    });
    expect(report.faultCount).toBeGreaterThan(600);
    expect(report.faults.length).toBeLessThanOrEqual(MAX_KEPT_FAULTS);
  });

  test("names the row of a leaf whose time was set to infinity, and values that are read like those that were logged", async () => {
    for (const time of ["infinity", "-infinity"]) {
      const report = await afterChange((tx) =>
        tx.unsafe(`update audit_leaves set received_at = '${time}' where leaf_index = ${LOG.rows.partial}`),
      );
      expect(report.faults[0]).toMatchObject({ columns: ["received_at"], leafIndex: LOG.rows.partial });
    }
    const moved = "('[5:' || 4 + cardinality(reason_codes) || ']=' || reason_codes::text)::text[]";
    const nearly = (column: string, name: string) =>
      `jsonb_set(${column}, '{${name}}', ((${column} ->> '${name}') || '.' || repeat('0', 30) || '1')::jsonb)`;
    const changes = {
      reason_codes: moved,
      features: nearly("features", "prompt_chars"),
      findings: nearly("findings", "pii.email"),
    };
    for (const [column, change] of Object.entries(changes)) {
      const report = await afterChange((tx) => tx.unsafe(changeOfRow(column, change, LOG.rows.full)));
      expect(report.faults).toMatchObject([{ columns: [column], leafIndex: LOG.rows.full }]);
    }
  });

  test("finds a second row and a second tile under the same key", async () => {
    const row = `request_id = (select request_id from audit_leaves where leaf_index = ${LOG.rows.full})`;
    const forged = await afterChange((tx) =>
      tx.unsafe(`insert into audit_events select (jsonb_populate_record(event, '{"model": "other"}')).*
        from audit_events as event where ${row}`),
    );
    expect(forged.faults).toContainEqual(
      expect.objectContaining({ place: "audit_events", columns: ["model"], leafIndex: LOG.rows.full }),
    );
    expect(forged.faults).toContainEqual(
      expect.objectContaining({ code: "leaf_unexpected", leafIndex: LOG.rows.full }),
    );
    for (const level of [0, 1]) {
      const report = await afterChange(
        (tx) => tx`insert into audit_tiles select level, tile_index, hashes from audit_tiles
          where level = ${level} and tile_index = 0`,
      );
      expect(report.faults).toMatchObject([{ code: "tile_unexpected", subject: `${level}/0` }]);
    }
  });

  test("comes to an end, whatever next_index and tree_size say", async () => {
    for (const huge of ["5000000000", "9223372036854775807"]) {
      const index = await afterChange((tx) => tx.unsafe(`update audit_log_state set next_index = ${huge}`));
      expect(index.faults[0]).toMatchObject({ columns: ["leaf_index"], leafIndex: LOG.nextIndex });
      const size = await afterChange(
        async (tx) => {
          await tx`delete from audit_checkpoints`;
          await tx.unsafe(`update audit_log_tree set tree_size = ${huge}`);
        },
        { kept: [] },
      );
      expect(size.faults.map(({ code }) => code)).toContain("checkpoint_missing");
    }
  }, 30_000);

  test("does not take a tree for signed whose checkpoints are all gone", async () => {
    const report = await afterChange((tx) => tx`delete from audit_checkpoints`, { kept: [] });
    expect(report.faults).toMatchObject([{ code: "checkpoint_missing", place: "audit_checkpoints" }]);
  });

  test("finds recent rows that were changed, and given times before the span that is read", async () => {
    const since = (KEPT_DAY + 400) * 1_000;
    expect((await verified({ since })).faults).toEqual([]);
    const report = await afterChange(
      async (tx) => {
        await tx`update audit_events set received_at = received_at - interval '30 days', model = 'other'
          where received_at >= ${new Date(KEPT_DAY + 300)}`;
        await tx`update audit_leaves set received_at = received_at - interval '30 days'
          where received_at >= ${new Date(KEPT_DAY + 300)}`;
      },
      { since },
    );
    expect(report.faults[0]).toMatchObject({ place: "audit_events", columns: ["model", "received_at"] });
  });

  test("takes no retention for a reason that says nonsense, or that came before what it drops", async () => {
    const drop = async (tx: postgres.TransactionSql) => {
      await tx`delete from audit_events where request_id = (select request_id from audit_leaves where leaf_index = 601)`;
      await tx`delete from audit_leaves where leaf_index = 601`;
    };
    const details = { partition: "x", before: 1, leaf_count: 1, unlogged_count: 0 };
    const nonsense = { ...details, first_leaf_index: "a", last_leaf_index: "b" };
    const early = { ...details, first_leaf_index: 601, last_leaf_index: 9_999 };
    for (const said of [nonsense, early, { ...early, last_leaf_index: 601, leaf_count: 7 }]) {
      const report = await afterChange(async (tx) => {
        const record = actionRecord("retention", said as unknown as RetentionDetails, new Date(KEPT_DAY));
        await createAuditActions(databaseOver(tx)).appendAction(record);
        await drop(tx);
      });
      expect(report.faults).toMatchObject([{ code: "leaf_missing", leafIndex: 601 }]);
    }
  });

  test("finds a row that was erased and is back, as it was logged", async () => {
    const report = await afterChange(async (tx) => {
      const [gone] = await tx<{ id: string; instance: string; seq: number }[]>`
        delete from audit_events where erased_at is not null
        returning request_id as id, instance_id as instance, instance_seq::integer as seq`;
      await tx`alter table audit_events add primary key (request_id, received_at)`;
      const record = recordOf(gone?.instance === INSTANCES[0] ? 0 : 1, gone?.seq ?? 0);
      expect(record.request_id).toBe(gone?.id ?? "");
      await createAuditShipping(databaseOver(tx)).ship([shippedOf(record)]);
      await tx`delete from audit_leaves where leaf_index = ${LOG.nextIndex}`;
      await tx`update audit_log_state set next_index = ${LOG.nextIndex}`;
    });
    expect(report.faults).toMatchObject([{ code: "row_changed", columns: ["erased_at"], leafIndex: LOG.erased }]);
  });

  test("reads erasures that say nonsense as what they are", async () => {
    for (const details of [
      '{"request_id": ["x"], "leaf_index": true}',
      '{"request_id": "x", "leaf_index": -1}',
      "[]",
    ]) {
      const report = await afterChange((tx) =>
        tx.unsafe(`update audit_actions set details = '${details}' where kind = 'erasure'`),
      );
      expect(report.faults.map(({ code }) => code)).toContain("action_changed");
    }
  });

  describe("asks who signed", () => {
    test("and takes no checkpoint by another key, nor one of another tree", async () => {
      const stranger = signerNamed("log.example/verified", 9);
      const unsigned = await verified({ verifiers: [verifierOf(stranger.verifierKey)] });
      expect(unsigned.faults.map(({ code }) => code)).toEqual(Array(5).fill("checkpoint_not_signed"));
      const forged = signCheckpoint({ size: 400, rootHash: new Uint8Array(32) }, SIGNER);
      const kept = [{ file: "kept", note: forged.ok ? forged.value : "" }];
      expect((await verified({ kept })).faults).toMatchObject([
        { code: "checkpoint_of_another_tree", place: "checkpoint_file", leafIndex: 399 },
      ]);
    });

    test("and finds a tree that was made again, and signed by its own key, by what was kept outside", async () => {
      const report = await afterChange(async (tx) => {
        await tx`update audit_tiles set hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0))
          where level = 0 and tile_index = 2`;
        await resign(tx);
      });
      expect(report.faults[0]?.leafIndex).toBe(512);
      expect(report.faults.some(({ place }) => place === "checkpoint_file")).toBe(true);
    });
  });

  /** Signs what the tiles are now as if nothing had happened. */
  async function resign(tx: postgres.TransactionSql): Promise<void> {
    const tiles = await tx<{ level: number; index: number; hashes: Uint8Array }[]>`
      select level, tile_index::integer as index, hashes from audit_tiles`;
    const root = rootFromTiles(LOG.treeSize, readerOf(tiles));
    const note = signCheckpoint({ size: LOG.treeSize, rootHash: root ?? new Uint8Array(32) }, SIGNER);
    await tx`update audit_checkpoints set root_hash = ${root}, note = ${note.ok ? note.value : ""}
      where tree_size = ${LOG.treeSize}`;
  }

  test("takes a checkpoint outside that is ahead of the database's for what it is", async () => {
    const ahead = await signedAhead();
    expect((await verified({ kept: [ahead] })).faults).toEqual([]);
    const report = await afterChange(
      (tx) => tx`update audit_leaves set leaf_hash = sha256('x') where leaf_index = 695`,
      { kept: [ahead] },
    );
    expect(report.faults.map(({ code }) => code)).toContain("checkpoint_of_another_tree");
  });

  /** As an integrator leaves it that dies between the file and the database. */
  async function signedAhead() {
    const leaves = await log.sql<{ hash: Buffer }[]>`
      select leaf_hash as hash from audit_leaves where leaf_index >= ${LOG.treeSize} order by leaf_index`;
    const edge = await log.tree.tiles(edgeTilesOf(LOG.treeSize));
    const grown = extendTiles(
      LOG.treeSize,
      edge.ok ? edge.value : [],
      leaves.map(({ hash }) => hash),
    );
    const note = signCheckpoint({ size: LOG.nextIndex, rootHash: grown?.root ?? new Uint8Array(32) }, SIGNER);
    return { file: "ahead", note: note.ok ? note.value : "" };
  }
});

const changeOfRow = (column: string, change: string, leafIndex: number): string =>
  `update audit_events set ${column} = ${change}
  where request_id = (select request_id from audit_leaves where leaf_index = ${leafIndex})`;

/** Whoever may change what the tables hold may change what they accept. */
async function dropConstraints(sql: postgres.Sql): Promise<void> {
  const constraints = await sql<{ relation: string; name: string }[]>`
    select conrelid::regclass::text as relation, conname as name from pg_constraint
    where contype in ('c', 'p', 'u') and conparentid = 0 and conrelid <> 0
      and (conrelid::regclass::text like 'audit_%' or conrelid::regclass::text = 'policies') and coninhcount = 0`;
  for (const { relation, name } of constraints) {
    await sql.unsafe(`alter table ${relation} drop constraint ${name}`);
  }
}
