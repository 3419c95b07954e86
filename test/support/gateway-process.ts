import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
/** Longer than the minute that it gives its own database, after which it says itself what is wrong. */
const START_TIMEOUT_MS = 90_000;

/** The compiled binary where the test command built one, else the source. */
export function gatewayCommand(...args: string[]): string[] {
  const binary = process.env["POLICY_MESH_BINARY"];
  return binary === undefined ? [process.execPath, MAIN, ...args] : [binary, ...args];
}

/** The source, with a module that is loaded first: for what a binary cannot be made to do. */
export const sourceCommand = (preload: string, ...args: string[]): string[] => [
  process.execPath,
  "--preload",
  preload,
  MAIN,
  ...args,
];

/** As the API writes it. */
type Row = { readonly [field: string]: unknown };

export type Environment = Readonly<Record<string, string>>;

/**
 * For gateways of which no row is read: the embedded database takes several times as long to start as all the rest. Nothing
 * listens on port 9 of loopback.
 */
export const NO_DATABASE = { DATABASE_URL: "postgres://nobody@127.0.0.1:9/nothing" } as const;

/** A folder that starts empty; `remove` takes it away with all that is in it. */
export function scratchFolder() {
  const path = mkdtempSync(join(tmpdir(), "policy-mesh-e2e-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a command to its end, in `cwd` and with nothing in the environment but `env`. */
export async function runGateway(args: readonly string[], cwd: string, env: Environment = {}) {
  const child = Bun.spawn(gatewayCommand(...args), {
    cwd,
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}

/**
 * A real gateway process that serves on a free port; nothing of this process's environment reaches it. `wrapper` is a
 * command that replaces itself by the one that follows.
 */
export async function startGateway(
  cwd: string,
  env: Environment = {},
  wrapper: readonly string[] = [],
  command: readonly string[] = gatewayCommand("serve"),
) {
  const child = Bun.spawn([...wrapper, ...command], {
    cwd,
    env: { PORT: "0", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = { stdout: "", stderr: "" };
  const collect = async (stream: ReadableStream<Uint8Array>, into: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) output[into] += decoder.decode(bytes, { stream: true });
  };
  const drained = Promise.all([collect(child.stdout, "stdout"), collect(child.stderr, "stderr")]);
  const url = await waitForUrl(child, output);

  const request = (path: string, init?: RequestInit) => fetch(`${url}${path}`, { ...init, keepalive: false });
  const rowNow = async (requestId: string) => {
    const response = await request(`/v1/audit/${requestId}`);
    const row = (await response.json()) as Row;
    return response.ok && row["status"] !== "pending" ? row : null;
  };
  return {
    url,
    pid: child.pid,
    output,
    request,
    chat: (body: unknown, init: RequestInit = {}) =>
      request("/v1/chat", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        ...init,
      }),
    /** Of a request that has ended, once it is there: it follows the answer, by more than a gateway waits where a machine is slow. */
    async row(requestId: string): Promise<Row> {
      let row: Row | null = null;
      await until(async () => {
        row = await rowNow(requestId);
        return row !== null;
      }, "the row is there");
      return row ?? {};
    },
    /** Those that have come whole. A line may come later than the answer to the request that it tells of. */
    logLines: () =>
      output.stdout
        .split("\n")
        .slice(0, -1)
        .map((line): unknown => JSON.parse(line)),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    async ended(): Promise<number> {
      const exitCode = await child.exited;
      await drained;
      return exitCode;
    },
    async stop(): Promise<number> {
      child.kill("SIGTERM");
      return await this.ended();
    },
  };
}

export type GatewayProcess = Awaited<ReturnType<typeof startGateway>>;

async function waitForUrl(child: Bun.Subprocess, output: { readonly stderr: string }): Promise<string> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const url = /serves on (http:\/\/\S+)/.exec(output.stderr)?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null) break;
    await Bun.sleep(10);
  }
  child.kill("SIGKILL");
  throw new Error(`the gateway did not start: ${output.stderr}`);
}
