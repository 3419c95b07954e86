import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { readAddress } from "./protocol.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Runs the bench with next to no time: each client of each scenario asks at least once. */
async function runBench(...args: string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "run.ts"), ...args], {
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

describe("bun run bench", () => {
  test("measures every scenario at both concurrencies without a failed request", async () => {
    const { stdout, stderr, exitCode } = await runBench("--seconds", "1", "--rounds", "1");
    const [, ...tables] = stdout.split(/^concurrency \d+$/m);
    const rows = tables.map((table) =>
      SCENARIOS.map(({ title }) => {
        const cells =
          table
            .split("\n")
            .find((line) => line.startsWith(`${title}  `))
            ?.split(/\s{2,}/) ?? [];
        return { title, columns: cells.length, asked: Number(cells.at(-2)) > 0, failed: cells.at(-1) };
      }),
    );
    const expected = SCENARIOS.map(({ title }) => ({ title, columns: 10, asked: true, failed: "0" }));
    expect({ stderr, exitCode, rows }).toEqual({ stderr: "", exitCode: 0, rows: [expected, expected] });
  });

  test("says what a flag takes", async () => {
    const { stdout, stderr, exitCode } = await runBench("--rounds", "none");
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "",
      stderr: "--rounds takes a number above 0.\n",
      exitCode: 2,
    });
  });
});

describe("the load generator", () => {
  const direct = SCENARIOS.filter(({ server }) => server === "mock");

  test("takes no cut answer for a whole one", async () => {
    const address = Promise.withResolvers<unknown>();
    const mock = Bun.spawn([process.execPath, join(import.meta.dir, "mock-upstream.ts")], { ipc: address.resolve });
    try {
      const { url } = readAddress(await address.promise);
      for (const { title, path, body, isComplete } of direct) {
        const answer = await (await fetch(`${url}${path}`, { method: "POST", body: JSON.stringify(body) })).text();
        const lines = answer.trimEnd().split("\n");
        const cuts = lines.map((_, count) => lines.slice(0, count).join("\n"));
        const taken = cuts.filter((cut) => isTaken(isComplete, cut)).length;
        expect({ title, whole: isComplete(answer), taken }).toEqual({ title, whole: true, taken: 0 });
      }
    } finally {
      mock.kill();
      await mock.exited;
    }
  });
});

function isTaken(isComplete: (answer: string) => boolean, answer: string): boolean {
  try {
    return isComplete(answer);
  } catch {
    return false;
  }
}
