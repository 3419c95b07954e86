import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGateway, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { LogDatabase } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { startReplay } from "../support/replay-upstream.ts";
import { signerNamed } from "../support/signed-log.ts";
import { until } from "../support/until.ts";
import { buildLog, LOG, SIGNER } from "../support/verify-world.ts";

const server = await startPostgresServer();
const folder = scratchFolder();
const dataDir = join(folder.path, "data");
const verify = (...args: string[]) =>
  runGateway(["audit", "verify", ...args], folder.path, { DATABASE_URL: server?.url ?? "", DATA_DIR: dataDir });

describe.skipIf(server === null)("policy-mesh audit verify", () => {
  let log: LogDatabase;

  beforeAll(async () => {
    log = await LogDatabase.open({ kind: "server", url: server?.url ?? "" }, folder.path);
    const outside = await buildLog(log);
    mkdirSync(join(dataDir, "log"), { recursive: true, mode: 0o700 });
    writeFileSync(join(dataDir, "log/checkpoint"), outside.note ?? "");
    writeFileSync(join(dataDir, "log/verifier.key"), `${SIGNER.verifierKey}\n`);
  }, 60_000);
  afterAll(async () => {
    await log.close();
    await server?.stop();
    folder.remove();
  });

  test("says what it read, and by which keys and files", async () => {
    const { stdout, stderr, exitCode } = await verify("--full");
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toStartWith("All that was read is as it was logged.\n");
    expect(stdout).toContain(`${dataDir}/log/checkpoint`);
    expect(stdout).toContain("log.example/verified+");
    expect(stdout).toContain(`leaves 0 to ${LOG.nextIndex - 1}`);
    expect(stdout).toContain(`leaves ${LOG.treeSize} to ${LOG.nextIndex - 1} are under no checkpoint yet`);
  }, 30_000);

  test("reads the rows of the last day where it is not told otherwise, and says which ones it did not read", async () => {
    const day = await verify("--json");
    expect([day.stderr, day.exitCode]).toEqual(["", 0]);
    // All rows of this log are older, or of a day to come.
    const all = await verify("--since", "2026-11-04", "--json");
    for (const { stdout } of [day, all]) {
      expect(JSON.parse(stdout)).toMatchObject({
        ok: true,
        fault_count: 0,
        faults: [],
        tree: { size: LOG.treeSize, tiles: 3, checkpoints: 4, keys_from: "settings" },
        rows: { end_index: LOG.nextIndex },
      });
    }
    expect(JSON.parse(all.stdout).rows.count).toBeGreaterThan(600);
    expect((await verify("--since", "2026-11-04")).stdout).toMatch(
      /not read +rows of leaves 0 to 0; --full reads them/,
    );
  }, 30_000);

  test("names what was changed, the first of it first, and fails", async () => {
    await log.sql`update audit_events set latency_ms = latency_ms + 1
      where request_id in (select request_id from audit_leaves where leaf_index in (501, 250))`;
    try {
      const { stdout, stderr, exitCode } = await verify("--full");
      expect([stderr, exitCode]).toEqual(["", 1]);
      expect(stdout).toMatch(/^2 faults in what was read\.\n\nFirst of all:\n {2}leaf 250, audit_events\.latency_ms /);
      expect(stdout).toContain("leaf 501, audit_events.latency_ms");
      const json = await verify("--full", "--json");
      expect([json.stderr, json.exitCode]).toEqual(["", 1]);
      expect(JSON.parse(json.stdout)).toMatchObject({
        ok: false,
        fault_count: 2,
        faults: [
          { code: "row_changed", place: "audit_events", columns: ["latency_ms"], leaf_index: 250 },
          { code: "row_changed", place: "audit_events", columns: ["latency_ms"], leaf_index: 501 },
        ],
      });
    } finally {
      await log.sql`update audit_events set latency_ms = latency_ms - 1
        where request_id in (select request_id from audit_leaves where leaf_index in (501, 250))`;
    }
  }, 30_000);

  test("trusts the keys that it is given and no others, and compares the checkpoints that it is given", async () => {
    const stranger = signerNamed("log.example/stranger", 5).verifierKey;
    const unsigned = await verify("--key", stranger, "--json");
    expect(unsigned.exitCode).toBe(1);
    expect(JSON.parse(unsigned.stdout)).toMatchObject({
      tree: { keys_from: "options" },
      faults: [{ code: "checkpoint_not_signed" }, {}, {}, {}, {}],
    });
    const [{ note } = { note: "" }] = await log.sql<{ note: string }[]>`
      select note from audit_checkpoints order by tree_size limit 1`;
    writeFileSync(join(folder.path, "mailed"), note);
    const mailed = await verify("--key", SIGNER.verifierKey, "--checkpoint", "mailed", "--json");
    expect([mailed.stderr, mailed.exitCode]).toEqual(["", 0]);
    expect(JSON.parse(mailed.stdout).tree.checkpoint_files).toEqual(["mailed", join(dataDir, "log/checkpoint")]);
  }, 30_000);

  test("says what it cannot read", async () => {
    const absent = await verify("--checkpoint", "nowhere");
    expect([absent.stdout, absent.stderr, absent.exitCode]).toEqual(["", "There is no file nowhere.\n", 1]);
    const both = await verify("--full", "--since", "1d");
    expect([both.stdout, both.exitCode]).toEqual(["", 2]);
    const empty = await runGateway(["audit", "verify"], folder.path, {
      DATABASE_URL: (await server?.createDatabase()) ?? "",
      DATA_DIR: join(folder.path, "other"),
    });
    expect(empty.stderr).toContain("Run `policy-mesh migrate` first.");
    expect(empty.exitCode).toBe(1);
  }, 30_000);
});

test("a gateway that runs on its own database leaves an audit that verifies, whatever became of its requests", async () => {
  const own = scratchFolder();
  const [ollama, openai] = [await startReplay("ollama"), await startReplay("llama-server")];
  const gateway = await startGateway(own.path, {
    OLLAMA_BASE_URL: ollama.url,
    OLLAMA_MODEL: "smollm2:135m",
    OPENAI_BASE_URL: `${openai.url}/v1`,
    OPENAI_API_KEY: "sk-invented-key-44d2",
    OPENAI_MODEL: "smollm2-135m",
    SENSITIVITY_KEYWORDS: "iban",
  });
  try {
    const long = "and so on ".repeat(120);
    const post = (path: string, body: object) =>
      gateway.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const chat = (content: string, more: object = {}) => ({ messages: [{ role: "user", content }], ...more });
    const answers = await Promise.all([
      post("/v1/chat", chat("hello")),
      post("/v1/chat", chat(long)),
      post("/v1/chat", chat(`my iban ${long}`)),
      post("/v1/chat/completions", chat(long, { model: "auto", stream: true })),
      post("/v1/chat/completions", chat("hello", { model: "auto", models: ["other"] })),
      post("/v1/chat/completions", chat("hello", { model: "gpt-oss:120b-cloud" })),
      post("/v1/chat/completions", chat("hello", { model: "no-such-model" })),
      post("/v1/embeddings", { model: "no-such-model", input: "hello" }),
      post("/api/chat", chat(long, { model: "smollm2:135m", stream: false })),
      post("/api/generate", { model: "auto", prompt: "hello" }),
    ]);
    await Promise.all(answers.map((answer) => answer.text()));
    const read = () => runGateway(["audit", "verify", "--json"], own.path);
    await until(
      async () => JSON.parse((await read()).stdout).tree?.size === answers.length,
      "a checkpoint covers every request",
    );
    // One that was signed while the program above ran may have come after it had looked for files.
    const verified = await read();
    expect([verified.stderr, verified.exitCode]).toEqual(["", 0]);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      faults: [],
      notices: [],
      tree: { size: answers.length, keys_from: "settings", checkpoint_files: ["data/log/checkpoint"] },
      rows: { count: answers.length, decisions_derived: answers.length, decisions_not_derived: 0, instances: 1 },
    });
  } finally {
    gateway.signal("SIGKILL");
    ollama.stop();
    openai.stop();
    own.remove();
  }
}, 60_000);
