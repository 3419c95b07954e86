import { join } from "node:path";

export type Child = {
  readonly pid: number;
  /** The next whole line of its standard output; `null` once it has ended. */
  nextLine(): Promise<string | null>;
  /** What it printed after the lines already taken, up to the moment it died. */
  killAndDrain(): Promise<string[]>;
};

/** Runs a program of this folder with the Bun that runs the tests. */
export function runChild(program: string, args: readonly string[], flags: readonly string[] = []): Child {
  const path = program.startsWith("/") ? program : join(import.meta.dir, program);
  const child = Bun.spawn([process.execPath, ...flags, path, ...args], {
    stdout: "pipe",
    stderr: "ignore",
    stdin: "ignore",
  });
  const lines = linesOf(child.stdout);
  return {
    pid: child.pid,
    async nextLine() {
      const next = await lines.next();
      return next.done ? null : next.value;
    },
    async killAndDrain() {
      child.kill("SIGKILL");
      await child.exited;
      const rest: string[] = [];
      for await (const line of lines) rest.push(line);
      return rest;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of stream) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
}
