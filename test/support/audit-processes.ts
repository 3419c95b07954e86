import { join } from "node:path";
import type { ChildOptions } from "./audit-child.ts";
import { until } from "./until.ts";

const PROGRAM = join(import.meta.dir, "audit-child.ts");
const START_TIMEOUT_MS = 20_000;

/** A process that has its own spool and writes requests to one database with whoever else does. */
export function startAuditChild(options: ChildOptions) {
  const child = Bun.spawn([process.execPath, PROGRAM, JSON.stringify(options)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = { lines: "", errors: "" };
  const read = async (stream: ReadableStream<Uint8Array>, into: keyof typeof output) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) output[into] += decoder.decode(bytes, { stream: true });
  };
  const drained = Promise.all([read(child.stdout, "lines"), read(child.stderr, "errors")]);
  const ended = async () => {
    const exitCode = await child.exited;
    await drained;
    return { exitCode, ...output };
  };
  return {
    pid: child.pid,
    said: (line: string) => output.lines.split("\n").slice(0, -1).includes(line),
    /** Settles once the process has said this line; rejects where it ends before, or takes too long. */
    async saying(line: string, timeoutMs = START_TIMEOUT_MS): Promise<void> {
      const deadlineMs = performance.now() + timeoutMs;
      while (!this.said(line)) {
        if (child.exitCode !== null || performance.now() > deadlineMs) {
          child.kill("SIGKILL");
          throw new Error(`a process did not say "${line}": ${JSON.stringify(await ended())}`);
        }
        await Bun.sleep(1);
      }
    },
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    ended,
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await ended();
    },
    /** Lets it end its requests, bring all its rows to the database and close its spool. */
    async finish(): Promise<void> {
      child.kill("SIGTERM");
      const end = await ended();
      if (end.exitCode !== 0) throw new Error(`a process did not finish: ${JSON.stringify(end)}`);
    },
  };
}

export type AuditChild = ReturnType<typeof startAuditChild>;

/** Has one more process, which takes no requests, sign for what is not under a checkpoint yet. */
export async function signRest(options: ChildOptions, isCovered: () => Promise<boolean>): Promise<void> {
  const child = startAuditChild({ ...options, clients: 0 });
  try {
    await child.saying("ready");
    await until(isCovered, "a checkpoint covers every row");
    await child.finish();
  } finally {
    child.signal("SIGKILL");
  }
}
