/**
 * Everything the project has to say about itself, in one run: `bun run test`. Needs nothing but Bun; installs the rest.
 * Ends with `N passed, N failed[, N skipped]` alone on a line and exits 1 if anything failed.
 *
 * Arguments are handed to `bun test` and narrow it; then only the tests run, without the checks around them.
 */
import { mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SETTINGS } from "../src/config/config.ts";

type Totals = { passed: number; failed: number; skipped: number };
type Check = { readonly name: string; readonly command: readonly string[] };

const root = join(import.meta.dir, "..");
const bun = process.execPath;
const bin = (name: string) => join(root, "node_modules", ".bin", name);
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-test-"));
const binary = join(scratch, "policy-mesh");
const narrowed = process.argv.slice(2);

const BEFORE_TESTS: readonly Check[] = [
  { name: "install", command: [bun, "install", "--frozen-lockfile"] },
  { name: "format and lint", command: [bin("biome"), "ci", "."] },
  { name: "types", command: [bin("tsc"), "--noEmit"] },
  { name: "dead code", command: [bun, bin("knip")] },
  { name: "build", command: [bun, "run", "compile", "--outfile", binary] },
];

/**
 * For what hangs. Longer than the waits within a test together, which have bounds of their own and say what they waited
 * for in vain: a start of the embedded database alone may take a minute.
 */
const TEST_TIMEOUT_MS = 120_000;

const STARTING_PROCESSES = ["test/e2e/", "test/conformance/", "test/bench/"];

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
try {
  if (narrowed.length === 0) for (const check of BEFORE_TESTS) await runCheck(check);
  if (narrowed.length === 0) await runHalves();
  else await runTests(narrowed, "inherit");
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exit(totals.failed === 0 ? 0 : 1);

/** Prints what a check said only if it failed. */
async function runCheck({ name, command }: Check): Promise<void> {
  const startedMs = performance.now();
  const child = Bun.spawn([...command], { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${exitCode === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (exitCode === 0) totals.passed++;
  else {
    totals.failed++;
    console.log(`${stdout}${stderr}`);
  }
}

/**
 * Tests that start processes mostly wait for them, so they run beside the others. What the others say comes behind, since
 * lines of both would tell nobody anything.
 */
async function runHalves(): Promise<void> {
  const folders = readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `test/${name}/`);
  const said = join(scratch, "said.txt");
  const others = runTests(
    folders.filter((folder) => !STARTING_PROCESSES.includes(folder)),
    openSync(said, "w"),
  );
  await runTests(STARTING_PROCESSES, "inherit");
  await others;
  process.stdout.write(await Bun.file(said).text());
}

async function runTests(args: readonly string[], output: "inherit" | number): Promise<void> {
  const report = join(scratch, `junit-${args.join("-").replaceAll("/", "")}.xml`);
  const limit = ["--timeout", `${TEST_TIMEOUT_MS}`];
  const child = Bun.spawn(
    [bun, "--no-env-file", "test", ...limit, "--reporter=junit", `--reporter-outfile=${report}`, ...args],
    {
      cwd: root,
      stdin: "ignore",
      stdout: output,
      stderr: output,
      env: { ...withoutSettings(process.env), ...(narrowed.length === 0 ? { POLICY_MESH_BINARY: binary } : {}) },
    },
  );
  const exitCode = await child.exited;
  const counts = await readCounts(report);
  if (counts === null || counts.tests === 0) {
    console.log("FAIL bun test ran no test");
    totals.failed++;
    return;
  }
  totals.passed += counts.tests - counts.failures - counts.skipped;
  totals.failed += counts.failures;
  totals.skipped += counts.skipped;
  // An error outside any test (a file that does not load) fails the run without failing a test.
  if (exitCode !== 0 && counts.failures === 0) totals.failed++;
}

async function readCounts(report: string): Promise<{ tests: number; failures: number; skipped: number } | null> {
  const file = Bun.file(report);
  if (!(await file.exists())) return null;
  const head = /<testsuites [^>]*>/.exec(await file.text())?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  return { tests: count("tests"), failures: count("failures"), skipped: count("skipped") };
}

/**
 * What the developer's own gateway is set to must not change what the tests see.
 * Bun itself is told to leave `.env` alone.
 */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = new Set<string>(Object.values(SETTINGS).map((setting) => setting.name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
}
