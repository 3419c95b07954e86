import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../../src/core/json.ts";
import { knownFromStore } from "../../src/policy/backtest/known-policy.ts";
import { storedForm } from "../../src/policy/identity.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import type { PolicyMeta } from "../../src/store/policies.ts";
import { policyOf } from "../support/policy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const server = await startPostgresServer();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-policies-"));
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const DATABASES = [
  { name: "the embedded Postgres", databaseUrl: null, skipped: false },
  { name: "a Postgres server", databaseUrl: server?.url ?? null, skipped: server === null },
];

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 10, 0, second, 123));
const metaOf = (digit: string, name: string, version: number): PolicyMeta => ({
  hash: `sha256:${digit.repeat(64)}`,
  name,
  version,
});
/** As far as the store looks into a stored form. */
const documentOf = ({ name, version }: PolicyMeta): JsonObject => ({ name, version });

describe.each(DATABASES)("policies on $name", ({ name, databaseUrl, skipped }) => {
  let store: Store;

  beforeAll(async () => {
    if (skipped) return;
    const opened = await openStore({ dataDir: join(scratch, name), databaseUrl });
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
    const migrated = await store.migrate();
    if (!migrated.ok) throw new Error(migrated.error.message);
  });
  afterAll(() => (skipped ? undefined : store.close()));

  const activate = (meta: PolicyMeta, now: Date) => store.policies.activate(documentOf(meta), meta, now);

  test.skipIf(skipped)("what was activated is found by its hash, and compiles to the same policy", async () => {
    const policy = policyOf({
      signals: {
        sensitive: { keywords: ["heron", "osprey"] },
        orders: { patterns: [{ id: "order", pattern: "x[0-9]{4}", keywords: ["order"] }] },
      },
    });
    const stored: JsonObject = JSON.parse(JSON.stringify(storedForm(policy.document)));
    expect(await store.policies.activate(stored, policy, at(0))).toEqual({ ok: true, value: undefined });
    const found = await store.policies.find(policy.hash);
    const { hash, version } = policy;
    const kept = { hash, name: "plain", version, document: stored, firstActivatedAt: at(0), lastActivatedAt: at(0) };
    expect(found).toEqual({ ok: true, value: kept });
    expect(knownFromStore(kept.document).policy.hash).toBe(policy.hash);
    for (const word of ["heron", "osprey", "x[0-9]{4}"]) expect(JSON.stringify(found)).not.toContain(word);
  });

  test.skipIf(skipped)("to activate again moves the last time only, and never back", async () => {
    const meta = metaOf("1", "again", 1);
    for (const second of [10, 20, 15]) expect((await activate(meta, at(second))).ok).toBe(true);
    const found = await store.policies.find(meta.hash);
    expect(found).toMatchObject({ ok: true, value: { firstActivatedAt: at(10), lastActivatedAt: at(20) } });
  });

  test.skipIf(skipped)("the newest version of a name is its highest, whatever came last", async () => {
    expect(await store.policies.newestVersion("team")).toEqual({ ok: true, value: null });
    await activate(metaOf("a", "team", 9), at(0));
    await activate(metaOf("b", "team", 10), at(1));
    await activate(metaOf("c", "team", 2), at(2));
    await activate(metaOf("d", "other", 99), at(3));
    const { hash } = metaOf("b", "team", 10);
    expect(await store.policies.newestVersion("team")).toEqual({ ok: true, value: { version: 10, hash } });
    await activate(metaOf("e", "team", 10), at(4));
    expect(await store.policies.newestVersion("team")).toMatchObject({ value: { hash: metaOf("e", "", 0).hash } });
  });

  test.skipIf(skipped)("an unknown hash is nothing, not an error", async () => {
    expect(await store.policies.find(metaOf("f", "", 0).hash)).toEqual({ ok: true, value: null });
  });

  test.skipIf(skipped)("keywords are refused, and the refusal does not repeat them", async () => {
    const meta = metaOf("2", "leaky", 1);
    const refused = await store.policies.activate(
      { ...documentOf(meta), signals: { birds: { keywords: ["heron"] } } },
      meta,
      at(0),
    );
    expect(refused).toEqual({
      ok: false,
      error: {
        message: "the database refused the statement (SQLSTATE 23514 on policies_document_without_words)",
        code: "23514",
        table: "policies",
      },
    });
    expect(await store.policies.find(meta.hash)).toEqual({ ok: true, value: null });
  });
});
