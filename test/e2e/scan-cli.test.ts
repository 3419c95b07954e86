import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Environment, gatewayCommand, scratchFolder } from "../support/gateway-process.ts";

const MAIL = ["jane.roe", "mail.example.org"].join("@");
const FOUND = { sensitive: true, findings: [{ code: "pii.email", path: "/text", view: "raw", count: 1 }] };
const NOTHING = { sensitive: false, findings: [] };
const UNREADABLE = { sensitive: true, findings: [], error: "not a JSON object, or one with a field twice" };
/** More than a few lines and their scan take, and far less than all lines at once would. */
const MAX_MEMORY_KIB = 400_000;

const folder = scratchFolder();
afterAll(() => folder.remove());
let runs = 0;

/** The real command in an empty folder that is also its home and its TMPDIR, with nothing else in its environment. */
function start(args: readonly string[], env: Environment = {}) {
  const home = join(folder.path, String(runs++));
  mkdirSync(home);
  const child = Bun.spawn(gatewayCommand("scan", ...args), {
    cwd: home,
    // What Bun itself keeps of a source file is nothing that the command leaves.
    env: { HOME: home, TMPDIR: home, BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(folder.path, "bun"), ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  return { child, home };
}

async function run(args: readonly string[], input: string | Uint8Array, env: Environment = {}) {
  const { child, home } = start(args, env);
  child.stdin.write(input);
  child.stdin.end();
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode, left: readdirSync(home) };
}

const linesOf = (stdout: string): unknown[] => {
  expect(stdout === "" || stdout.endsWith("\n")).toBe(true);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
};
const jsonl = (...bodies: readonly unknown[]): string => bodies.map((body) => `${JSON.stringify(body)}\n`).join("");

/** In KiB; null where the system does not say it in a file. */
function memoryOf(pid: number): number | null {
  const status = `/proc/${pid}/status`;
  const size = existsSync(status) ? /VmRSS:\s{1,9}(\d{1,9}) kB/.exec(readFileSync(status, "utf8"))?.[1] : undefined;
  return size === undefined ? null : Number(size);
}

describe("policy-mesh scan", () => {
  test("says for people what is in a text and never the text, and leaves nothing behind", async () => {
    const { stdout, stderr, exitCode, left } = await run([], `Mail ${MAIL}, then ${MAIL}.\nTLP:RED\n`);
    expect([stderr, exitCode, left]).toEqual(["", 0, []]);
    expect(stdout.split("\n")[0]).toBe("sensitive: pii, marker");
    expect(stdout).toMatch(/^ {2}pii\.email +2 x, raw reading$/m);
    expect(stdout).toMatch(/^ {2}marker\.tlp +1 x, raw reading$/m);
    for (const word of ["jane", "roe", "example", "RED", "Mail"]) expect(stdout).not.toContain(word);
    expect(await run([], "Good morning.")).toMatchObject({ stdout: "nothing sensitive found\n", exitCode: 0 });
  });

  test("says it as JSON", async () => {
    const found = await run(["--json"], `Mail ${MAIL}`);
    expect([linesOf(found.stdout), found.stderr, found.exitCode]).toEqual([[FOUND], "", 0]);
    expect(linesOf((await run(["--json"], "Good morning.")).stdout)).toEqual([NOTHING]);
    expect(linesOf((await run(["--json"], `{"text": "${MAIL}"}\n{"x": 1}`)).stdout)).toEqual([FOUND]);
  });

  test("takes no text for one without anything in it", async () => {
    expect(await run([], "")).toMatchObject({ stdout: "nothing sensitive found\n", exitCode: 0 });
    expect(linesOf((await run(["--json"], "")).stdout)).toEqual([NOTHING]);
    expect(await run(["--jsonl"], "")).toMatchObject({ stdout: "", exitCode: 0 });
  });

  test("answers a line with a line: texts, requests, and those that end in other ways", async () => {
    const chat = { model: "m", messages: [{ role: "user", content: [{ type: "text", text: MAIL }] }] };
    const input = `${jsonl({ text: `Mail ${MAIL}` }, { text: "x" }, chat)}{"text":"x"}\r\n{"text":"${MAIL}"}`;
    const { stdout, stderr, exitCode } = await run(["--jsonl"], input);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const inChat = { ...FOUND, findings: [{ ...FOUND.findings[0], path: "/messages/0/content/0/text" }] };
    expect(linesOf(stdout)).toEqual([FOUND, NOTHING, inChat, NOTHING, FOUND]);
  });

  test("counts a line that it cannot read as sensitive, goes on, and fails in the end", async () => {
    const twice = `{"text":"${MAIL}","te\\u0078t":"x"}`;
    const deep = `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`;
    const lines = ["{", "", "[1]", '"x"', twice, deep, `{"text":"a\\":\\\\ \\u0022:"}`, '\ufeff{"text":"x"}'];
    const { stdout, stderr, exitCode } = await run(["--jsonl"], lines.map((line) => `${line}\n`).join(""));
    expect([stderr, exitCode]).toEqual(["", 1]);
    expect(linesOf(stdout)).toEqual([...Array.from({ length: 6 }, () => UNREADABLE), NOTHING, NOTHING]);
  });

  test("does not guess at bytes that are no UTF-8, nor read more than a request may have", async () => {
    const bytes = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff]), Buffer.from('"}\n{"text":"x"}\n')]);
    const error = "longer than 2000 bytes, or not in UTF-8";
    const env = { MAX_BODY_BYTES: "2000" };
    const invalid = await run(["--jsonl"], bytes, env);
    expect([linesOf(invalid.stdout), invalid.exitCode]).toEqual([[{ ...UNREADABLE, error }, NOTHING], 1]);
    const long = await run(["--jsonl"], `${jsonl({ text: "a ".repeat(1_000) })}{"text":"x"}\n`, env);
    expect([linesOf(long.stdout), long.exitCode]).toEqual([[{ ...UNREADABLE, error }, NOTHING], 1]);
    for (const input of [bytes, "a ".repeat(1_001)]) {
      const { stdout, stderr, exitCode } = await run(["--json"], input, env);
      expect([stdout, exitCode]).toEqual(["", 1]);
      expect(stderr).toBe("The text is larger than 2000 bytes (MAX_BODY_BYTES), or not in UTF-8.\n");
    }
  });

  test("answers while lines still come", async () => {
    const { child } = start(["--jsonl"]);
    const reader = child.stdout.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    for (const text of ["x", MAIL]) {
      child.stdin.write(jsonl({ text }));
      child.stdin.flush();
      expect(JSON.parse(await next())).toMatchObject({ sensitive: text === MAIL });
    }
    child.stdin.end();
    expect((await reader.read()).done).toBe(true);
    expect(await child.exited).toBe(0);
  });

  test("reads ten thousand lines in one run, one after another", async () => {
    const text = "It is about chairs, and about tables, too. ".repeat(40);
    const input = Array.from({ length: 10_000 }, (_, index) =>
      index % 1_000 === 7 ? `${text}${MAIL}` : `${text}${index}`,
    );
    const { child } = start(["--jsonl"]);
    child.stdin.write(jsonl(...input.map((line) => ({ text: line }))));
    let output = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      output += decoder.decode(chunk, { stream: true });
      if (output.split("\n").length > input.length) break;
    }
    // What the system counts at the end is what this process had when it forked.
    const memoryKib = memoryOf(child.pid);
    child.stdin.end();
    expect(await child.exited).toBe(0);
    const verdicts = linesOf(output) as { sensitive: boolean }[];
    expect(verdicts).toHaveLength(input.length);
    expect(verdicts.flatMap(({ sensitive }, index) => (sensitive ? [index] : []))).toEqual(
      Array.from({ length: 10 }, (_, index) => 1_000 * index + 7),
    );
    if (memoryKib !== null) expect(memoryKib).toBeLessThan(MAX_MEMORY_KIB);
  });

  test("ends quietly where nobody reads on", async () => {
    const { child } = start(["--jsonl"]);
    const reader = child.stdout.getReader();
    const lines = jsonl(...Array.from({ length: 20_000 }, () => ({ text: MAIL })));
    const written = Promise.resolve(child.stdin.write(lines)).catch(() => 0);
    await reader.read();
    await reader.cancel();
    const [stderr, exitCode] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    await written;
    expect([stderr, exitCode]).toEqual(["", 0]);
  });

  test("has the gateway's settings", async () => {
    const text = `The Blue Heron, ${MAIL}`;
    const codes = async (env: Environment) => {
      const [verdict] = linesOf((await run(["--json"], text, env)).stdout) as { findings: { code: string }[] }[];
      return verdict?.findings.map(({ code }) => code).toSorted();
    };
    const keywords = { SENSITIVITY_KEYWORDS: "geheim, blue heron" };
    const off = { DETECT_SENSITIVE_DATA: "false" };
    expect([await codes({}), await codes(keywords), await codes({ ...keywords, ...off }), await codes(off)]).toEqual([
      ["pii.email"],
      ["keyword.sensitive_keyword", "pii.email"],
      ["keyword.sensitive_keyword"],
      [],
    ]);
  });

  test.each([[["--yaml"]], [["--json", "--jsonl"]], [["text"]], [["-h"]]])(
    "is used as it says: not %j",
    async (args) => {
      const { stdout, stderr, exitCode, left } = await run(args, MAIL);
      expect([stdout, stderr, exitCode, left]).toEqual(["", "Usage: policy-mesh scan [--json | --jsonl]\n", 2, []]);
    },
  );

  test("does not start with wrong settings, and names them", async () => {
    const { stdout, stderr, exitCode } = await run(["--json"], MAIL, { DETECT_SENSITIVE_DATA: "perhaps" });
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toContain("DETECT_SENSITIVE_DATA");
  });
});
