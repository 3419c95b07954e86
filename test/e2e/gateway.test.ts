import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import postgres from "postgres";
import { MIGRATION_FILES } from "../../src/store/migrations/files.ts";
import {
  type Environment,
  type GatewayProcess,
  NO_DATABASE,
  runGateway,
  scratchFolder,
  startGateway,
} from "../support/gateway-process.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { until as waitUntil } from "../support/until.ts";

const LOCAL_MODEL = "smollm2:135m";
const PRIVATE = "my private words 7c1e";
const LONG = `${PRIVATE} ${"and so on ".repeat(120)}`;
const KEY = "sk-invented-key-44d2";
const MAIL = ["jane.roe", "mail.example.org"].join("@");

let ollama: Replay;
let openai: Replay;
const running = new Set<GatewayProcess>();
const folder = scratchFolder();

beforeAll(async () => {
  ollama = await startReplay("ollama");
  openai = await startReplay("llama-server");
});
afterEach(async () => {
  for (const gateway of running) gateway.signal("SIGKILL");
  running.clear();
});
afterAll(() => {
  ollama.stop();
  openai.stop();
  folder.remove();
});

const settings = (overrides: Environment = {}): Environment => ({
  OLLAMA_BASE_URL: ollama.url,
  OLLAMA_MODEL: LOCAL_MODEL,
  OPENAI_BASE_URL: `${openai.url}/v1`,
  OPENAI_API_KEY: KEY,
  OPENAI_MODEL: "smollm2-135m",
  SENSITIVITY_KEYWORDS: "iban",
  ...overrides,
});

async function start(dataDir: string, overrides: Environment = {}) {
  const gateway = await startGateway(folder.path, settings({ DATA_DIR: join(folder.path, dataDir), ...overrides }));
  running.add(gateway);
  return gateway;
}

const user = (content: string) => ({ messages: [{ role: "user", content }] });

type Answer = {
  request_id: string;
  provider: string;
  model: string;
  reason_codes: string[];
  content: string | null;
  error: unknown;
};
const answerOf = async (response: Response) => (await response.json()) as Answer;
/** A log line, which may come later than the answer to the request that it tells of. */
async function lineWith(gateway: GatewayProcess, words: string): Promise<unknown> {
  const find = () => gateway.logLines().find((line) => JSON.stringify(line).includes(words));
  await until(() => find() !== undefined);
  return find();
}

/** Asks the embedded database of a running gateway behind its back. */
async function query(dataDir: string, statement: string): Promise<unknown[]> {
  const path = join(folder.path, dataDir, "run", ".s.PGSQL.5432");
  const sql = postgres({ path, username: "postgres", database: "postgres", max: 1 });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.end();
  }
}

/** Every byte of every file below a folder, as Latin-1, so that a text is found wherever it stands. */
function bytesBelow(path: string): string {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile() && !file.includes(`${join("/", "bin")}/`))
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");
}

describe("in an empty folder with nothing set", () => {
  test("starts, says where it serves and what it sees, and refuses chat with what to do", async () => {
    const empty = scratchFolder();
    const gateway = await startGateway(empty.path, { OLLAMA_BASE_URL: "http://127.0.0.1:9" });
    running.add(gateway);
    try {
      expect(await (await gateway.request("/v1/health")).json()).toEqual({ status: "ok" });
      expect((await gateway.request("/v1/ready")).status).toBe(200);
      for (const word of ["/v1/chat", "/docs", "/v1/metrics", "embedded Postgres", "ollama serve", "OPENAI_API_KEY"]) {
        await until(() => gateway.output.stderr.includes(word));
      }
      const short = await gateway.chat(user("Hello"));
      expect(short.status).toBe(502);
      expect(await short.json()).toMatchObject({
        provider: "local",
        reason_codes: ["cost_prefer_local"],
        content: null,
        error: { code: "provider.unreachable", message: expect.stringContaining("ollama serve") },
      });
      const long = await gateway.chat(user(LONG));
      expect(await long.json()).toMatchObject({
        provider: "openai",
        error: { message: expect.stringContaining("OPENAI_API_KEY") },
      });
      expect((statSync(join(empty.path, "data")).mode & 0o777).toString(8)).toBe("700");
      expect(await gateway.stop()).toBe(0);
    } finally {
      empty.remove();
    }
  });
});

describe("a running gateway", () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway(folder.path, settings({ DATA_DIR: join(folder.path, "running") }));
  });
  afterAll(async () => {
    expect(await gateway.stop()).toBe(0);
  });

  test("routes by policy, answers from the provider, and has one row for each request", async () => {
    await ollama.play("chat-success");
    await openai.play("chat-success");
    const cases = [
      [user(PRIVATE), "local", "cost_prefer_local", LOCAL_MODEL],
      [user(LONG), "openai", "default", "smollm2-135m"],
      [{ ...user(`${LONG} ${MAIL}`), model: "smollm2-135m" }, "local", "sensitive_data_match", LOCAL_MODEL],
      [{ ...user(`${LONG} my IBAN is here`), model: "smollm2-135m" }, "local", "sensitive_keyword_match", LOCAL_MODEL],
    ] as const;
    for (const [body, provider, reason, model] of cases) {
      const response = await gateway.chat(body);
      const answer = await answerOf(response);
      expect(response.status).toBe(200);
      expect(answer).toMatchObject({ provider, model, reason_codes: [reason], error: null });
      expect(answer.content).toContain("capital of France is Paris");
      expect(response.headers.get("x-request-id")).toBe(answer.request_id);
      expect(await gateway.row(answer.request_id)).toMatchObject({
        status: "succeeded",
        provider,
        model,
        reason_codes: [reason],
        prompt_length: [...(body.messages[0]?.content ?? "")].length,
        usage: { prompt_tokens: 22, completion_tokens: expect.any(Number) },
      });
    }
    const gone = openai.asked().map((request) => request.body);
    for (const text of ["IBAN", MAIL]) expect(gone.join()).not.toContain(text);
  });

  test("puts on record what was found, as kinds and counts", async () => {
    await ollama.play("chat-success");
    const answer = await answerOf(await gateway.chat(user(`${MAIL}, or ${MAIL}, about my IBAN`)));
    expect(answer.reason_codes).toEqual(["sensitive_keyword_match", "sensitive_data_match"]);
    const findings = { "keyword.sensitive_keyword": 1, "pii.email": 2 };
    const scan_ruleset = expect.stringMatching(/^\d+\.\d+\.\d+:[0-9a-f]{64}$/);
    expect(await gateway.row(answer.request_id)).toMatchObject({ findings, scan_ruleset });
    expect(await lineWith(gateway, answer.request_id)).toMatchObject({ finding_codes: findings });
    const metrics = await (await gateway.request("/v1/metrics")).text();
    expect(metrics).toContain('policy_mesh_scan_findings_total{group="pii"} 3');
    expect(metrics).toContain("policy_mesh_scan_duration_seconds_count 5");
  });

  test("keeps provider and reasons when the provider fails, and counts it", async () => {
    await openai.play("wrong-key");
    const answer = await answerOf(await gateway.chat(user(LONG)));
    expect(answer).toMatchObject({ provider: "openai", reason_codes: ["default"], content: null });
    expect(await gateway.row(answer.request_id)).toMatchObject({
      status: "failed",
      failure_category: "authentication",
    });
    const metrics = await (await gateway.request("/v1/metrics")).text();
    expect(metrics).toContain('chat_requests_total{provider="openai",status="failed"} 1');
  });

  test("cancels the upstream call when the client hangs up, and records that", async () => {
    await ollama.play("chat-success");
    const release = ollama.holdAnswers();
    const before = ollama.asked().length;
    const client = new AbortController();
    const pending = gateway.chat(user("Hello"), { signal: client.signal }).catch(() => "hung up");
    await until(() => ollama.asked().length > before);
    client.abort();
    expect(await pending).toBe("hung up");
    await until(() => ollama.aborted.includes("/api/chat"));
    release();
    const line = (await lineWith(gateway, "client_aborted")) as { request_id: string };
    expect(await gateway.row(line.request_id)).toMatchObject({ status: "client_aborted" });
  });

  test("logs one JSON line for each request, and no text of any", async () => {
    const chats = gateway.logLines().filter((entry) => (entry as { event: string }).event === "chat");
    expect(chats.length).toBe(7);
    for (const entry of chats) {
      expect(entry).toMatchObject({
        request_id: expect.any(String),
        status: expect.any(String),
        stage_ms: expect.any(Object),
      });
    }
  });

  test("keeps no text of prompts or answers and no key: not in logs, not in files, not in metrics", async () => {
    const metrics = await (await gateway.request("/v1/metrics")).text();
    const kept = [gateway.output.stdout, gateway.output.stderr, metrics, bytesBelow(join(folder.path, "running"))].join(
      "\n",
    );
    // The row is there, so the search would find what is written.
    expect(kept).toContain("hmac-sha256:");
    for (const text of [PRIVATE, MAIL, "my IBAN", "capital of France", KEY]) expect(kept).not.toContain(text);
  });

  test("lets nobody else open its data directory", async () => {
    const second = await runGateway(
      ["serve"],
      folder.path,
      settings({ PORT: "0", DATA_DIR: join(folder.path, "running") }),
    );
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(`is in use by process ${gateway.pid}`);
  });

  test("answers HEAD as GET without a body, and a foreign Host with 421", async () => {
    const head = await gateway.request("/v1/health", { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([
      200,
      expect.stringContaining("application/json"),
      "",
    ]);
    expect((await gateway.request("/v1/chat", { method: "HEAD" })).status).toBe(405);
    expect((await gateway.request("/v1/health", { headers: { host: "evil.example" } })).status).toBe(421);
  });

  test.each(["", "Host: [", "Host: a b", "Host: %zz", "Host: 127.0.0.1:99999"])(
    "answers a request with the Host line %j in its own shape, and goes on",
    async (line) => {
      const raw = await ask(
        gateway.url,
        `GET /v1/health?key=${PRIVATE.replaceAll(" ", "-")} HTTP/1.0\r\n${line}\r\n\r\n`,
      );
      expect(raw).toMatch(/^HTTP\/1\.[01] 4\d\d /);
      expect(raw).not.toContain("private-words");
      expect(gateway.output.stderr).not.toContain("private-words");
      expect((await gateway.request("/v1/health")).status).toBe(200);
    },
  );

  test("answers a body that is announced as huge with 413 in its own shape", async () => {
    const head =
      "POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{";
    const raw = await ask(gateway.url, head);
    expect(raw).toMatch(/^HTTP\/1\.1 413 /);
    expect(raw).toContain('"request.body_too_large"');
  });

  test("says when its port is taken", async () => {
    const port = new URL(gateway.url).port;
    const second = await runGateway(
      ["serve"],
      folder.path,
      settings({ ...NO_DATABASE, PORT: port, DATA_DIR: join(folder.path, "second") }),
    );
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(`Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Set PORT`);
  });

  test("tells a container whether it is ready", async () => {
    const port = new URL(gateway.url).port;
    expect(await runGateway(["healthcheck"], folder.path, { PORT: port })).toMatchObject({
      exitCode: 0,
      stdout: "ready\n",
    });
    const proxied = { PORT: port, HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };
    expect((await runGateway(["healthcheck"], folder.path, proxied)).exitCode).toBe(0);
    expect((await runGateway(["healthcheck"], folder.path, { PORT: "9" })).exitCode).toBe(1);
  });
});

describe("error bodies in every mode", () => {
  test.each(["", "development", "production"])("show no schema, value or stack with NODE_ENV=%p", async (mode) => {
    const gateway = await start(`mode-${mode}`, {
      ...NO_DATABASE,
      ...(mode === "" ? {} : { NODE_ENV: mode }),
    });
    for (const body of [user(5 as never), { messages: [{ role: PRIVATE, content: PRIVATE }] }, { [PRIVATE]: 1 }, []]) {
      const response = await gateway.chat(body);
      expect(response.status).toBe(400);
      const answer = await response.json();
      expect(answer).toEqual({
        request_id: expect.any(String),
        error: { code: expect.any(String), message: expect.any(String), field: expect.any(String) },
      });
      expect(JSON.stringify(answer)).not.toContain("private words");
    }
    expect(gateway.output.stdout).not.toContain("private words");
    expect(await gateway.stop()).toBe(0);
  });
});

describe("the end of a process", () => {
  test("SIGTERM lets what is in flight finish, takes nothing new, and exits 0", async () => {
    const gateway = await start("drain", NO_DATABASE);
    await ollama.play("chat-success");
    const release = ollama.holdAnswers();
    const before = ollama.asked().length;
    const inFlight = gateway.chat(user("Hello"));
    await until(() => ollama.asked().length > before);
    gateway.signal("SIGTERM");
    // Asked of a route that answers at once: a request that still got in is answered too, by the same promise.
    await until(() =>
      gateway.request("/v1/health").then(
        () => false,
        () => true,
      ),
    );
    release();
    expect((await inFlight).status).toBe(200);
    expect(await gateway.ended()).toBe(0);
  });

  test("kill -9 between intent and outcome leaves one row, which the next start ends as interrupted", async () => {
    const first = await start("killed");
    await ollama.play("chat-success");
    const release = ollama.holdAnswers();
    const before = ollama.asked().length;
    const cut = first.chat(user("Hello")).catch(() => null);
    await until(() => ollama.asked().length > before);
    // The provider has been called, so the intent must be on record by now; its id is in no answer and no log yet.
    first.signal("SIGKILL");
    await Promise.all([first.ended(), cut]);
    release();
    const second = await start("killed");
    const counts = () => query("killed", "select status, count(*)::int as count from audit_events group by status");
    await until(async () => (await counts()).length > 0);
    expect(await counts()).toEqual([{ status: "interrupted", count: 1 }]);
    expect(await second.stop()).toBe(0);
  });
});

describe("wrong settings", () => {
  test("stop the process with every fault in one message and no value", async () => {
    const result = await runGateway(["serve"], folder.path, {
      PORT: "eighty",
      DATABASE_URL: "mysql://user:hunter2@host",
      HOST: "0.0.0.0",
      DEFAULT_PROVIDER: "hunter2",
    });
    expect(result.exitCode).toBe(1);
    for (const variable of ["PORT", "DATABASE_URL", "DEFAULT_PROVIDER"]) expect(result.stderr).toContain(variable);
    expect(result.stderr).not.toContain("hunter2");
    expect(result.stderr).not.toContain("    at ");
  });

  test("say that the data directory cannot be had, before anything is made in it", async () => {
    const blocked = join(folder.path, "a-file");
    await Bun.write(blocked, "");
    const result = await runGateway(["serve"], folder.path, { PORT: "0", DATA_DIR: join(blocked, "data") });
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("cannot be locked: ENOTDIR") });
  });

  test("refuse a host beyond loopback", async () => {
    const result = await runGateway(["serve"], folder.path, { HOST: "0.0.0.0" });
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("ALLOW_ANONYMOUS=true") });
  });

  test.each([{ args: ["serve", "extra"] }, { args: ["migrate", "up", "extra"] }, { args: ["version", "extra"] }])(
    "$args is wrong usage",
    async ({ args }) => {
      const result = await runGateway(args, folder.path);
      expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`Usage: policy-mesh ${args[0]}`) });
    },
  );

  test("an unknown command is wrong usage", async () => {
    const result = await runGateway(["sreve"], folder.path);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Usage: policy-mesh") });
  });
});

describe("migrate", () => {
  test("brings the embedded schema up, lists it, undoes it", async () => {
    const env = { DATA_DIR: join(folder.path, "migrated") };
    const migrate = async (...args: string[]) => (await runGateway(["migrate", ...args], folder.path, env)).stdout;
    const names = MIGRATION_FILES.map(({ name }) => name);
    const last = names.at(-1) ?? "";
    expect(await migrate()).toBe(names.map((name) => `applied     ${name}\n`).join(""));
    expect(await migrate("up")).toBe("The schema is up to date.\n");
    expect(await migrate("status")).toEndWith(`${last}\nNone is pending.\n`);
    expect(await migrate("down")).toBe(`rolled back ${last}\n`);
    expect((await runGateway(["migrate", "sideways"], folder.path, env)).exitCode).toBe(2);
  });
});

/** Sends bytes as they are and gives what comes back until the other side closes or has said all that it announced. */
function ask(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on("data", (data) => {
      received += data.toString();
      if (isWhole(received)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
}

function isWhole(answer: string): boolean {
  const [head = "", body] = answer.split("\r\n\r\n");
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
  return body !== undefined && Buffer.byteLength(body) >= length;
}

const until = (condition: () => boolean | Promise<boolean>) => waitUntil(condition, String(condition));
