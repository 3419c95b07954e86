import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyReceipt } from "../../src/audit/receipt.ts";
import { canonicalRecord, leafHash, type RequestRecord } from "../../src/audit/record.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openCheckpointFile } from "../../src/store/checkpoint-file.ts";
import { createLogTree } from "../../src/store/log-tree.ts";
import { LogRounds } from "../../src/workers/log-round.ts";
import { openAuditStore } from "../support/audit-store.ts";
import { verifierOf } from "../support/log-database.ts";
import { featuresOf } from "../support/policy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { requestRecord, requestRecords } from "../support/request-records.ts";
import { signerNamed } from "../support/signed-log.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-receipts-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const SIGNER = signerNamed("log.example/receipts");
const VERIFIERS = [verifierOf(SIGNER.verifierKey)];

/** Rows of every form that the table takes, also those that no clock and no policy of ours gives. */
const AWKWARD: readonly Partial<RequestRecord>[] = [
  { received_at: 1_795_341_600_000_001, completed_at: 1_795_341_600_999_999 },
  { received_at: 1_795_341_600_123_457, completed_at: 4_102_444_799_999_999, latency_ms: 2_147_483_647 },
  { received_at: 1, completed_at: 0 },
  { received_at: -1, completed_at: -62_135_596_800_000_000 },
  { cost_micros: Number.MAX_SAFE_INTEGER, prompt_tokens: 0, completion_tokens: 2_147_483_647 },
  { cost_micros: null, prompt_tokens: null, completion_tokens: null, latency_ms: null },
  { cost_micros: 0, findings: {}, reason_codes: ["a", "b.c", "a"] },
  {
    decision: "deny",
    status: "denied",
    provider: null,
    zone: null,
    model: null,
    answered_provider: null,
    answered_zone: null,
    answered_model: null,
  },
  { status: "failed", failure_category: 'a "quoted", {braced} \\ é 💡 \u2028 text' as never },
  { status: "interrupted", answered_provider: null, answered_zone: null, answered_model: null, cost_micros: null },
  { findings: { "pii.email": 3, "a.b": 9_007_199_254_740_991, constructor: 1 } },
  {
    shadow: [
      { rule: "watched", outcome: "deny", provider: null, differs: true },
      { rule: "other", outcome: "route", provider: "local", differs: false },
    ],
  },
  {
    features: recordFeatures(
      featuresOf({
        labels: { b: "2", a: "1", constructor: "x" },
        promptTokens: Number.MAX_SAFE_INTEGER,
        wishPrice: { input: 1, output: 0 },
        model: "org/model:1@2",
      }),
    ),
  },
];

const DATABASES = [
  { name: "the embedded Postgres", databaseUrl: null, skipped: false },
  { name: "a Postgres server", databaseUrl: server?.url ?? null, skipped: server === null },
];

describe.each(DATABASES)("the log as clients read it, on $name", ({ name, databaseUrl, skipped }) => {
  let opened: Awaited<ReturnType<typeof openAuditStore>>;
  let log: ReturnType<typeof createAuditLog>;
  let rounds: LogRounds;
  const records = [...requestRecords(1, 280), ...AWKWARD.map((changes, at) => requestRecord(281 + at, changes))];

  beforeAll(async () => {
    if (skipped) return;
    opened = await openAuditStore(join(scratch, name), databaseUrl);
    const { database } = opened.store;
    log = createAuditLog(database, SIGNER.verifierKey);
    const outside = openCheckpointFile(join(scratch, name, "checkpoint"));
    rounds = new LogRounds({ tree: createLogTree(database), outside, signer: SIGNER, oldKeys: [] }, 0);
  }, 60_000);
  afterAll(() => (skipped ? undefined : opened.close()));

  const idAt = (index: number) => records[index]?.request_id ?? "none";

  test.skipIf(skipped)("before the first checkpoint there is none, no tile and no receipt", async () => {
    expect(await log.checkpoint()).toEqual({ ok: true, value: null });
    expect(await log.verifierKeys()).toEqual({ ok: true, value: [SIGNER.verifierKey] });
    await opened.ship(records.slice(0, 100));
    expect(await log.tile(0, 0, 1)).toEqual({ ok: true, value: null });
    expect(await log.receipt(idAt(0))).toEqual({ ok: true, value: { kind: "pending" } });
    expect(await log.receipt(crypto.randomUUID())).toEqual({ ok: true, value: { kind: "absent" } });
  });

  test.skipIf(skipped)("every row has a receipt that verifies by the key alone and holds its record", async () => {
    expect(await rounds.run()).toMatchObject({ kind: "signed", size: 100 });
    await opened.ship(records.slice(100));
    expect(await log.receipt(idAt(100))).toEqual({ ok: true, value: { kind: "pending" } });
    expect(await rounds.run()).toMatchObject({ kind: "signed", size: records.length });
    for (const [index, record] of records.entries()) {
      const receipt = await log.receipt(record.request_id);
      const text = receipt.ok && receipt.value.kind === "receipt" ? receipt.value.text : JSON.stringify(receipt);
      const verified = verifyReceipt(text, VERIFIERS);
      expect(verified).toMatchObject({ ok: true, value: { index, checkpoint: { size: records.length } } });
      expect(verified.ok && JSON.stringify(verified.value.record)).toBe(canonicalRecord(record));
    }
  });

  test.skipIf(skipped)("tiles have what checkpoints cover, of any width up to that", async () => {
    const hashes = Buffer.concat(records.map((record) => leafHash(canonicalRecord(record))));
    for (const [index, width] of [
      [0, 256],
      [0, 1],
      [0, 100],
      [0, 255],
      [1, 1],
      [1, records.length - 256],
    ] as const) {
      const tile = await log.tile(0, index, width);
      const expected = hashes.subarray(index * 8_192, index * 8_192 + width * 32);
      expect(tile.ok && Buffer.from(tile.value ?? []).equals(expected), `${index} ${width}`).toBe(true);
    }
    const root = await log.tile(1, 0, 1);
    expect(root.ok && root.value?.length).toBe(32);
    for (const [level, index, width] of [
      [0, 1, records.length - 255],
      [0, 1, 256],
      [0, 2, 1],
      [1, 0, 2],
      [2, 0, 1],
      [6, 35_184_372, 1],
    ] as const) {
      expect(await log.tile(level, index, width)).toEqual({ ok: true, value: null });
    }
    const note = await log.checkpoint();
    expect(note.ok && note.value).toStartWith(`log.example/receipts\n${records.length}\n`);
  });

  test.skipIf(skipped)("keys of before stand behind the one in use", async () => {
    const other = signerNamed("log.example/receipts", 9).verifierKey;
    const keys = await createAuditLog(opened.store.database, other).verifierKeys();
    expect(keys).toEqual({ ok: true, value: [other, SIGNER.verifierKey] });
  });

  test.skipIf(skipped)("rows that are older than the log, and those that were erased, have none", async () => {
    const [older, erased] = [crypto.randomUUID(), idAt(3)];
    await opened.sql`
      insert into audit_events (request_id, received_at, record_version, completed_at, status, surface, streamed, decision,
        provider, zone, reason_codes, findings, message_count, prompt_length, prompt_digest)
      select ${older}, received_at, 0, completed_at, status, surface, streamed, decision, provider, zone, reason_codes,
        findings, message_count, prompt_length, prompt_digest from audit_events where request_id = ${idAt(5)}`;
    await opened.erase(erased);
    expect(await log.receipt(older)).toEqual({ ok: true, value: { kind: "unlogged" } });
    expect(await log.receipt(erased)).toEqual({ ok: true, value: { kind: "erased" } });
  });

  test.skipIf(skipped).each([
    [10, "a column", "update audit_events set latency_ms = latency_ms + 1 where request_id = $1", /not what it was/],
    [
      11,
      "its time, to one that no number holds",
      "update audit_events set completed_at = 'infinity' where request_id = $1",
      /not what/,
    ],
    [12, "its leaf", "delete from audit_leaves where request_id = $1", /no leaf/],
    [13, "a tile", "update audit_tiles set hashes = sha256(hashes) where level = 0 and $1 <> ''", /tile|not what/],
    [14, "all tiles", "delete from audit_tiles where $1 <> ''", /tile of the log is missing/],
  ])("nothing is given out that would not verify: %i, %s was changed", async (index, _, statement, why) => {
    const id = idAt(index);
    expect(await log.receipt(id)).toMatchObject({ ok: true, value: { kind: "receipt" } });
    const tiles = await opened.sql`select * from audit_tiles`;
    await opened.sql.unsafe(statement, [id]);
    const receipt = await log.receipt(id);
    expect(receipt).toMatchObject({ ok: false, error: { message: expect.stringMatching(why) } });
    await opened.sql`truncate audit_tiles`;
    await opened.sql`insert into audit_tiles ${opened.sql(tiles)}`;
  });
});
