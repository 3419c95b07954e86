import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_POLICY_BYTES } from "../../src/store/policy-file.ts";
import { type Environment, gatewayCommand, scratchFolder } from "../support/gateway-process.ts";
import { chat, KEYWORD, MAIL, POLICY } from "../support/sample-policy.ts";

/** Several processes each, one after the other, on a machine that is busy. */
const TIMEOUT_MS = 60_000;

type Files = Readonly<Record<string, string | Uint8Array>>;

const folder = scratchFolder();
afterAll(() => folder.remove());

/** A folder of its own with these files in it. */
function filesOf(files: Files): string {
  const home = mkdtempSync(join(folder.path, "run-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
  return home;
}

/** The real command in a folder that is also its home and its TMPDIR, with nothing else in its environment. */
function start(args: readonly string[], cwd: string, env: Environment = {}) {
  return Bun.spawn(gatewayCommand("policy", ...args), {
    cwd,
    env: { HOME: cwd, TMPDIR: cwd, BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(folder.path, "bun"), ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

type World = { readonly files?: Files; readonly stdin?: string | Uint8Array; readonly env?: Environment };

async function run(args: readonly string[], { files = { "p.yaml": POLICY }, stdin = "", env = {} }: World = {}) {
  const home = filesOf(files);
  const child = start(args, home, env);
  // Who refuses the arguments does not read.
  await Promise.resolve(child.stdin.write(stdin)).catch(() => 0);
  await Promise.resolve(child.stdin.end()).catch(() => 0);
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  // Nothing is left behind, and nothing of what is looked for is said.
  expect(readdirSync(home).toSorted()).toEqual(Object.keys(files).toSorted());
  for (const secret of [KEYWORD, MAIL]) expect(stdout + stderr).not.toContain(secret);
  return { stdout, stderr, exitCode, json: () => JSON.parse(stdout) };
}

describe("policy-mesh policy", () => {
  test(
    "lists its subcommands, and is used as it says",
    async () => {
      const help = await run(["help"]);
      expect([help.stderr, help.exitCode]).toEqual(["", 0]);
      expect(help.stdout).toStartWith("Usage: policy-mesh policy SUBCOMMAND");
      const none = await run([]);
      expect([none.stdout, none.exitCode]).toEqual(["", 2]);
      expect(none.stderr).toStartWith("policy-mesh policy: which subcommand?\n");
      const unknown = await run(["chekc", "p.yaml"]);
      expect([unknown.stdout, unknown.exitCode]).toEqual(["", 2]);
      expect(unknown.stderr).toStartWith('policy-mesh policy: there is no subcommand "chekc"; did you mean "check"?\n');
      const wrong = await run(["check", "p.yaml", "--stritc"]);
      expect([wrong.stdout, wrong.exitCode]).toEqual(["", 2]);
      expect(wrong.stderr.split("\n")).toEqual([
        "policy-mesh policy check: there is no option --stritc; did you mean --strict?",
        "Usage: policy-mesh policy check FILE [--no-env] [--strict] [--json]",
        "",
      ]);
      const explained = await run(["explain", "--help"]);
      expect([explained.stderr, explained.exitCode]).toEqual(["", 0]);
      expect(explained.stdout).toStartWith("Usage: policy-mesh policy explain FILE REQUEST.json");
    },
    TIMEOUT_MS,
  );

  test(
    "checks a file in its environment, and never says what is in that",
    async () => {
      const set = await run(["check", "p.yaml"], { env: { CLOUD_KEY: "value-of-the-key" } });
      expect([set.stderr, set.exitCode]).toEqual(["", 0]);
      expect(set.stdout).toStartWith("p.yaml is sound.\n");
      expect(set.stdout).not.toContain("value-of-the-key");
      for (const env of [{}, { CLOUD_KEY: "" }]) {
        const unset = await run(["check", "p.yaml", "--json"], { env });
        expect([unset.stderr, unset.exitCode]).toEqual(["", 1]);
        expect(unset.json().faults).toMatchObject([{ severity: "error", code: "missing_variable", line: 14 }]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "says where a file is wrong, and takes one from a pipe",
    async () => {
      const wrong = await run(["check", "p.yaml", "--no-env"], {
        files: { "p.yaml": POLICY.replace("zone: local", "zon: local") },
      });
      expect([wrong.stdout, wrong.exitCode]).toEqual(["", 1]);
      expect(wrong.stderr).toMatch(/^p\.yaml:7:5: error: .*\n +7 \| +zon:.*\n +\| +\^\^\^ did you mean "zone"\?\n/m);
      const piped = await run(["check", "-", "--no-env"], { files: {}, stdin: `\ufeff${POLICY}` });
      expect([piped.stderr, piped.exitCode]).toEqual(["", 0]);
      expect(piped.stdout).toStartWith("standard input is sound.\n");
    },
    TIMEOUT_MS,
  );

  test.each(["check", "test", "analyse", "fmt"])(
    "%s refuses what is no file",
    async (name) => {
      const files = { "binary.yaml": Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0xff]) };
      const none = await run([name, "none.yaml"], { files });
      expect([none.stdout, none.stderr, none.exitCode]).toEqual(["", "There is no file none.yaml.\n", 1]);
      const directory = await run([name, "."], { files });
      expect([directory.stdout, directory.stderr, directory.exitCode]).toEqual(["", ". is a directory.\n", 1]);
      const binary = await run([name, "binary.yaml", "--json"], { files });
      expect([binary.stderr, binary.exitCode]).toEqual(["", 1]);
      expect(binary.json()).toMatchObject({ file: "binary.yaml", ok: false, faults: [{ code: "unreadable_file" }] });
    },
    TIMEOUT_MS,
  );

  test("does not read what it may not", async () => {
    // Nothing is kept from root.
    if (process.getuid?.() === 0) return;
    const home = filesOf({ "p.yaml": POLICY });
    chmodSync(join(home, "p.yaml"), 0o000);
    const child = start(["check", "p.yaml"], home);
    await child.stdin.end();
    expect([await new Response(child.stderr).text(), await child.exited]).toEqual([
      "p.yaml may not be read by this user.\n",
      1,
    ]);
  });

  test(
    "reads no more of a file than a policy may have",
    async () => {
      const { stdout, stderr, exitCode } = await run(["check", "/dev/zero", "--no-env"], { files: {} });
      expect([stdout, stderr, exitCode]).toEqual(["", `/dev/zero is larger than ${MAX_POLICY_BYTES} bytes.\n`, 1]);
    },
    TIMEOUT_MS,
  );

  test(
    "tests, analyses and compares files",
    async () => {
      const tested = await run(["test", "p.yaml", "--coverage", "--json"]);
      expect([tested.stderr, tested.exitCode, tested.json().passed]).toEqual(["", 0, 5]);
      const analysed = await run(["analyse", "p.yaml", "--json"]);
      expect([analysed.stderr, analysed.exitCode, analysed.json().complete]).toEqual(["", 0, true]);
      const files = { "old.yaml": POLICY, "new.yaml": POLICY.replace("[project, personal]", "[project]") };
      const compared = await run(["diff", "old.yaml", "new.yaml"], { files });
      expect([compared.stderr, compared.exitCode]).toEqual(["", 0]);
      const checked = await run(["diff", "old.yaml", "new.yaml", "--check", "no-new-cloud"], { files });
      expect([checked.stderr, checked.exitCode]).toEqual(["", 1]);
      expect(checked.stdout).toContain("no-new-cloud: NOT so");
    },
    TIMEOUT_MS,
  );

  test(
    "explains a request from a file or from standard input",
    async () => {
      const files = { "p.yaml": POLICY, "r.json": chat(`About the ${KEYWORD}, ${MAIL}`) };
      const text = await run(["explain", "p.yaml", "r.json"], { files });
      expect([text.stderr, text.exitCode]).toEqual(["", 0]);
      expect(text.stdout).toStartWith("Goes to local (llama3.1, zone local).\n");
      const piped = await run(["explain", "p.yaml", "-", "--surface", "native", "--json"], {
        stdin: JSON.stringify({ messages: [{ role: "user", content: "x".repeat(101) }] }),
      });
      expect([piped.stderr, piped.exitCode]).toEqual(["", 0]);
      expect(piped.json()).toMatchObject({ rule: "default", features: { surface: "native" } });
    },
    TIMEOUT_MS,
  );

  test(
    "explains no request that the gateway would refuse",
    async () => {
      const twice = await run(["explain", "p.yaml", "-"], { stdin: chat("x").replace("{", `{"model":"${MAIL}",`) });
      expect([twice.stdout, twice.stderr, twice.exitCode]).toEqual([
        "",
        "standard input: model stands twice in its object.\n",
        1,
      ]);
      const large = await run(["explain", "p.yaml", "-", "--json"], {
        stdin: chat("x".repeat(3_000)),
        env: { MAX_BODY_BYTES: "2000" },
      });
      expect([large.stderr, large.exitCode]).toEqual(["", 1]);
      expect(large.json().faults).toMatchObject([{ message: "standard input is larger than 2000 bytes." }]);
    },
    TIMEOUT_MS,
  );

  test(
    "lays a file out anew in its place, by whatever link it is named",
    async () => {
      const home = filesOf({ "p.yaml": POLICY.replace("version: 3", "version:    3") });
      chmodSync(join(home, "p.yaml"), 0o640);
      symlinkSync("p.yaml", join(home, "link.yaml"));
      for (const args of [
        ["fmt", "link.yaml", "--write"],
        ["fmt", "p.yaml", "--check"],
      ]) {
        const child = start(args, home);
        await child.stdin.end();
        const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
        expect([...said, await child.exited]).toEqual(["", "", 0]);
      }
      expect(readdirSync(home).toSorted()).toEqual(["link.yaml", "p.yaml"]);
      expect(statSync(join(home, "p.yaml")).mode & 0o777).toBe(0o640);
      expect(readFileSync(join(home, "p.yaml"), "utf8")).toContain("\nversion: 3\n");
    },
    TIMEOUT_MS,
  );

  test(
    "ends with what it found where nobody reads on",
    async () => {
      const home = filesOf({ "p.yaml": POLICY.slice(0, POLICY.indexOf("tests:")) });
      for (const [args, code] of [
        [["schema"], 0],
        [["test", "p.yaml", "--json"], 1],
      ] as const) {
        const child = start(args, home);
        await child.stdin.end();
        await child.stdout.cancel();
        expect([await new Response(child.stderr).text(), await child.exited]).toEqual(["", code]);
      }
    },
    TIMEOUT_MS,
  );
});
