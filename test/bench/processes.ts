import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayCommand } from "../support/gateway-process.ts";
import { OLLAMA_MODEL, OPENAI_MODEL } from "./answer.ts";
import { type Job, type Measured, readAddress, readMeasured } from "./protocol.ts";
import { LOCAL_UP_TO } from "./scenarios.ts";

const START_TIMEOUT_MS = 30_000;

/** The processes of one run and its folder; `close` ends them and takes the folder away. */
export type Bench = {
  readonly mockUrl: string;
  readonly gatewayUrl: string;
  readonly measure: (job: Job) => Promise<Measured>;
  /** Seconds of processor time that the gateway's process used so far, all threads together. */
  readonly gatewayCpuSeconds: () => Promise<number>;
};

/** Runs `use` with a mock, a gateway in front of it and a load generator. A signal ends all of them. */
export async function withBench<T>(
  databaseUrl: string | null,
  signal: AbortSignal,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "policy-mesh-bench-"));
  cleanUp.defer(() => rmSync(folder, { recursive: true, force: true }));

  const mock = startHelper("mock-upstream.ts");
  cleanUp.defer(mock.end);
  const mockUrl = readAddress(await mock.answer(signal)).url;

  const gateway = Bun.spawn(gatewayCommand("serve"), {
    cwd: folder,
    env: gatewayEnvironment(mockUrl, databaseUrl),
    stdin: "ignore",
    // One log line for each request, as in use, to nowhere.
    stdout: Bun.file("/dev/null"),
    stderr: "pipe",
  });
  cleanUp.defer(() => endProcess(gateway));
  const gatewayUrl = await urlOf(gateway, signal);

  const load = startHelper("load.ts");
  cleanUp.defer(load.end);
  return await use({
    mockUrl,
    gatewayUrl,
    async measure(job) {
      const measured = load.answer(signal);
      load.send(job);
      return readMeasured(await measured);
    },
    gatewayCpuSeconds: () => cpuSecondsOf(gatewayUrl),
  });
}

/** The whole environment of the gateway: whatever is set outside does not reach it. */
function gatewayEnvironment(mockUrl: string, databaseUrl: string | null): Record<string, string> {
  return {
    PORT: "0",
    DATA_DIR: "data",
    OLLAMA_BASE_URL: mockUrl,
    OLLAMA_MODEL,
    OPENAI_BASE_URL: `${mockUrl}/v1`,
    OPENAI_MODEL,
    COST_MAX_PROMPT_LENGTH_FOR_LOCAL: String(LOCAL_UP_TO),
    ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
  };
}

/** A process of this folder that is talked to by messages. */
function startHelper(file: string) {
  const waiting: PromiseWithResolvers<unknown>[] = [];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, file)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    ipc: (message) => waiting.shift()?.resolve(message),
    onExit() {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${file} ended`));
    },
  });
  return {
    send: (message: Job) => child.send(message),
    end: () => endProcess(child),
    answer(signal: AbortSignal): Promise<unknown> {
      const answer = Promise.withResolvers<unknown>();
      waiting.push(answer);
      return unlessAborted(answer.promise, signal);
    },
  };
}

async function endProcess(child: Bun.Subprocess): Promise<void> {
  child.kill("SIGTERM");
  await child.exited;
}

/** Of what the gateway prints when it is up. */
async function urlOf(gateway: Bun.Subprocess<"ignore", Bun.BunFile, "pipe">, signal: AbortSignal): Promise<string> {
  const found = Promise.withResolvers<string>();
  void readOutput(gateway.stderr, found);
  const timer = setTimeout(() => found.reject(new Error("the gateway did not start in time")), START_TIMEOUT_MS);
  try {
    return await unlessAborted(found.promise, signal);
  } finally {
    clearTimeout(timer);
  }
}

async function readOutput(stderr: ReadableStream<Uint8Array>, found: PromiseWithResolvers<string>): Promise<void> {
  const decoder = new TextDecoder();
  let printed = "";
  for await (const bytes of stderr) {
    printed += decoder.decode(bytes, { stream: true });
    const url = /serves on (http:\/\/\S+)/.exec(printed)?.[1];
    if (url !== undefined) found.resolve(url);
  }
  found.reject(new Error(`the gateway did not start: ${printed}`));
}

async function cpuSecondsOf(gatewayUrl: string): Promise<number> {
  const metrics = await (await fetch(`${gatewayUrl}/v1/metrics`)).text();
  const seconds = Number(/^process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1]);
  if (Number.isNaN(seconds)) throw new Error("the gateway does not say how much processor time it used");
  return seconds;
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener("abort", abort));
}
