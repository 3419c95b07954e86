import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import postgres from "postgres";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { type GatewayProcess, runGateway, scratchFolder, startGateway } from "../support/gateway-process.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { type Replay, startReplay } from "../support/replay-upstream.ts";
import { startRelay } from "../support/tcp-relay.ts";
import { until } from "../support/until.ts";

const server = await startPostgresServer();
const folder = scratchFolder();
let ollama: Replay;
beforeAll(async () => {
  ollama = await startReplay("ollama");
  await ollama.play("chat-success");
});
afterAll(async () => {
  ollama.stop();
  await server?.stop();
  folder.remove();
});

/** The server's own address, for a relay to stand in front of. */
function addressOf(url: string) {
  const { hostname, port } = new URL(url.replace(/^postgres(ql)?:/, "http:"));
  return { host: hostname, port: Number(port) };
}
const throughRelay = (url: string, port: number) => url.replace(/@[^/]+\//, `@127.0.0.1:${port}/`);
const localPolicy = (version: number, ollamaUrl: string) => `
apiVersion: policy-mesh/v1
name: kept
version: ${version}
providers:
  local: { kind: ollama, zone: local, base_url: "${ollamaUrl}", default_model: "smollm2:135m" }
default: { route: [local], reason: here }
`;
const hello = { messages: [{ role: "user", content: "Hello" }] };

describe.skipIf(server === null)("a gateway on a Postgres server", () => {
  test("in durable mode starts and serves without it, and catches up with it when it comes and after it went", async () => {
    const url = server?.url ?? "";
    const relay = await startRelay(addressOf(url));
    await relay.shut();
    const gateway = await startGateway(folder.path, {
      DATABASE_URL: throughRelay(url, relay.port),
      DATA_DIR: `${folder.path}/data`,
      OLLAMA_BASE_URL: ollama.url,
      OLLAMA_MODEL: "smollm2:135m",
    });
    const answered: string[] = [];
    const chat = async () => {
      const response = await gateway.chat(hello);
      expect(response.status).toBe(200);
      answered.push(((await response.json()) as { request_id: string }).request_id);
    };
    const caughtUp = async () => {
      while (JSON.stringify(await readyOf(gateway)).includes('"unshipped_records":0') === false) await Bun.sleep(20);
      for (const id of answered) {
        expect(await gateway.row(id)).toMatchObject({ status: "succeeded" });
      }
    };
    try {
      // The first try may take longer than the start waits for it.
      expect(gateway.output.stderr).toMatch(
        /not usable yet: The database (cannot be reached|keeps the migration waiting)/,
      );
      await chat();
      expect(await readyOf(gateway)).toMatchObject({
        status: "ready",
        audit: { state: "open", unshipped_records: 1 },
        dependencies: { database: { state: "down", required: false } },
      });

      await relay.open();
      await chat();
      await caughtUp();
      await until(() => gateway.output.stdout.includes('"event":"migrated"'), "the log tells of the migration");

      await relay.shut();
      await chat();
      await relay.open();
      await caughtUp();
      expect(answered).toHaveLength(3);

      const password = decodeURIComponent(/:([^:@]+)@/.exec(url)?.[1] ?? "no password");
      expect(gateway.output.stdout + gateway.output.stderr).not.toContain(password);
      expect(await gateway.stop()).toBe(0);
    } finally {
      gateway.signal("SIGKILL");
      await relay.shut();
    }
  }, 60_000);

  test("in strict mode starts without it, calls no provider while it is away, serves when it comes, and again after it went", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const relay = await startRelay(addressOf(url));
    await relay.shut();
    const gateway = await startGateway(folder.path, {
      AUDIT_MODE: "strict",
      DATABASE_URL: throughRelay(url, relay.port),
      DATA_DIR: `${folder.path}/strict`,
      OLLAMA_BASE_URL: ollama.url,
      OLLAMA_MODEL: "smollm2:135m",
    });
    const refused = async () => {
      const asked = ollama.asked().length;
      const response = await gateway.chat(hello);
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({
        provider: "local",
        content: null,
        error: { code: "audit.unavailable" },
      });
      expect(ollama.asked().length).toBe(asked);
    };
    try {
      expect((await gateway.request("/v1/health")).status).toBe(200);
      expect(await readyOf(gateway)).toMatchObject({
        status: "unready",
        dependencies: { database: { state: "down", required: true } },
      });
      await refused();

      await relay.open();
      await serves(gateway);
      const { request_id } = (await (await gateway.chat(hello)).json()) as { request_id: string };
      // Committed before the answer was given away: no waiting here.
      const [row] = await rowsOf(url, request_id);
      expect(row).toMatchObject({ status: "succeeded" });

      await relay.shut();
      await refused();
      await relay.open();
      await serves(gateway);

      const metrics = await (await gateway.request("/v1/metrics")).text();
      expect(metrics).toMatch(/policy_mesh_audit_write_failures_total\{step="intent"\} [2-9]/);
      expect(await gateway.stop()).toBe(0);
    } finally {
      gateway.signal("SIGKILL");
      await relay.shut();
    }
  }, 60_000);

  test("ends when a server that was away says that a newer policy was in force before", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const file = `${folder.path}/policy.yaml`;
    const written = (version: number) => writeFileSync(file, localPolicy(version, ollama.url));
    const relay = await startRelay(addressOf(url));
    const env = {
      DATABASE_URL: throughRelay(url, relay.port),
      DATA_DIR: `${folder.path}/versions`,
      POLICY_FILE: file,
    };
    written(2);
    const first = await startGateway(folder.path, env);
    try {
      await serves(first);
      expect(await first.stop()).toBe(0);
    } finally {
      first.signal("SIGKILL");
    }
    await relay.shut();
    written(1);
    const second = await startGateway(folder.path, env);
    try {
      await relay.open();
      expect(await second.ended()).toBe(1);
      expect(second.output.stderr).toContain("from 2 back to 1");
    } finally {
      second.signal("SIGKILL");
      await relay.shut();
    }
  }, 60_000);

  test.each(["cut", "frozen"] as const)(
    "serves every request again after its connections were %s under load",
    async (how) => {
      const url = (await server?.createDatabase()) ?? "";
      const relay = await startRelay(addressOf(url));
      const gateway = await startGateway(folder.path, {
        DATABASE_URL: throughRelay(url, relay.port),
        DATA_DIR: `${folder.path}/${how}`,
        OLLAMA_BASE_URL: ollama.url,
        OLLAMA_MODEL: "smollm2:135m",
      });
      const statuses = async (count: number) => {
        const asked = Array.from({ length: count }, () => gateway.chat(hello).then((response) => response.status));
        return [...new Set(await Promise.all(asked))];
      };
      try {
        expect(await statuses(24)).toEqual([200]);
        const underLoad = Promise.all(Array.from({ length: 24 }, () => statuses(4)));
        await Bun.sleep(20);
        if (how === "frozen") relay.freeze();
        else {
          await relay.shut();
          await relay.open();
        }
        await underLoad;
        await serves(gateway);
        for (let round = 0; round < 3; round++) expect(await statuses(24)).toEqual([200]);
        expect(await gateway.stop()).toBe(0);
      } finally {
        gateway.signal("SIGKILL");
        await relay.shut();
      }
    },
    60_000,
  );

  test("replicas share it: each finds the rows of the other", async () => {
    const url = (await server?.createDatabase()) ?? "";
    const env = { DATABASE_URL: url, OLLAMA_BASE_URL: ollama.url, OLLAMA_MODEL: "smollm2:135m" };
    const replicas = await Promise.all(
      ["one", "two"].map((name) => startGateway(folder.path, { ...env, DATA_DIR: `${folder.path}/${name}` })),
    );
    const [one, two] = replicas;
    if (one === undefined || two === undefined) throw new Error("two were started");
    try {
      const answer = (await (await one.chat(hello)).json()) as { request_id: string };
      // Only the replica that gave the answer knows of the request before its row is there.
      expect(await two.row(answer.request_id)).toMatchObject({ status: "succeeded" });
      expect(await Promise.all(replicas.map((replica) => replica.stop()))).toEqual([0, 0]);
    } finally {
      for (const replica of replicas) replica.signal("SIGKILL");
    }
  });

  test("migrate says what is wrong without the password", async () => {
    const wrong = (server?.url ?? "").replace(/:[^:@]+@/, ":hunter2@").replace(/\/[^/?]+(\?|$)/, "/no_such_database$1");
    const result = await runGateway(["migrate"], folder.path, {
      DATABASE_URL: wrong,
      DATA_DIR: `${folder.path}/wrong`,
    });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).not.toBe("");
    expect(result.stderr + result.stdout).not.toContain("hunter2");
  });
});

const readyOf = async (gateway: GatewayProcess): Promise<unknown> => (await gateway.request("/v1/ready")).json();

/** Asked of the server itself. */
async function rowsOf(url: string, requestId: string): Promise<readonly unknown[]> {
  const sql = postgres({ ...clientOptions(url), max: 1 });
  try {
    return [...(await sql`select status from audit_events where request_id = ${requestId}`)];
  } finally {
    await sql.end();
  }
}

async function serves(gateway: GatewayProcess): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    const response = await gateway.chat(hello);
    if (response.status === 200) return;
    expect(response.status).toBe(503);
    if (performance.now() > deadlineMs) throw new Error("the gateway did not recover");
    await Bun.sleep(200);
  }
}
