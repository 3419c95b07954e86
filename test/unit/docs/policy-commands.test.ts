import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ANALYSE, analyse } from "../../../src/cli/policy/analyse.ts";
import { CHECK, check } from "../../../src/cli/policy/check.ts";
import { DIFF, diff } from "../../../src/cli/policy/diff.ts";
import { EXPLAIN, explain } from "../../../src/cli/policy/explain.ts";
import { test as runTests, TEST } from "../../../src/cli/policy/test.ts";
import { report } from "../../support/policy-command.ts";

const ROOT = join(import.meta.dir, "../../..");
const WRITE = "docs/how-to/write-a-policy.md";
const CHANGE = "docs/how-to/change-a-policy-safely.md";

/** A policy of `docs/policies/` with some of its text replaced; each piece must be there. */
function changed(file: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} does not have what the docs change`);
      return text.replace(from, to);
    },
    readFileSync(join(ROOT, "docs/policies", file), "utf8"),
  );
}

const SHORT: readonly (readonly [string, string])[] = [
  ["version: 1\n", "version: 2\n"],
  ["at_most: 1000 }", "at_most: 4000 }"],
];
/** As the pages call them. */
const FILES = {
  "policy.yaml": changed("built-in.yaml", [
    ["forbid: {", "forbids: {"],
    ["route: [local]", "route: [lokal]"],
  ]),
  "regulated.yaml": changed("regulated.yaml", []),
  "request.json": /^printf '%s' '(.*)' > request\.json$/m.exec(readFileSync(join(ROOT, WRITE), "utf8"))?.[1] ?? "",
  "old.yaml": changed("built-in.yaml", []),
  "short.yaml": changed("built-in.yaml", SHORT),
  "open.yaml": changed("built-in.yaml", [...SHORT, [", secret, evasion]", ", secret]"]]),
};

/** The n-th block of a page that begins with a line; what it leaves out is a line of dots. */
function quoted(page: string, firstLine: string, index = 0): readonly string[] {
  const blocks = [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```text\n([\s\S]*?)^```/gm)];
  const block = blocks.map((match) => match[1] ?? "").filter((text) => text.startsWith(`${firstLine}\n`))[index];
  if (block === undefined) throw new Error(`${page} quotes no such output`);
  return block.split("...\n");
}

const LABEL = ["--label", "team=research"] as const;
const NO_NEW_CLOUD = ["--check", "no-new-cloud"] as const;
const COMMANDS = {
  check: () => report(CHECK, check, ["policy.yaml", "--no-env"], FILES),
  test: () => report(TEST, runTests, ["regulated.yaml", "--coverage"], FILES),
  explain: () => report(EXPLAIN, explain, ["regulated.yaml", "request.json", ...LABEL], FILES),
  analyse: () => report(ANALYSE, analyse, ["old.yaml"], FILES),
  "diff, proven": () => report(DIFF, diff, ["old.yaml", "short.yaml", ...NO_NEW_CLOUD], FILES),
  "diff, refuted": () => report(DIFF, diff, ["short.yaml", "open.yaml", ...NO_NEW_CLOUD], FILES),
};

test.each([
  ["check", WRITE, 'policy.yaml:41:5: error: Nothing here is called "forbids".', 0],
  ["test", WRITE, "Exercised by tests", 0],
  ["explain", WRITE, "Goes to local (llama3.1:8b, zone local).", 0],
  ["analyse", WRITE, "What only the default decides", 0],
  ["diff, proven", CHANGE, "Checks", 0],
  ["diff, refuted", CHANGE, "Checks", 1],
] as const)("what the docs quote of %s is what it says", async (command, page, firstLine, index) => {
  const { stdout, stderr } = await COMMANDS[command]();
  for (const piece of quoted(page, firstLine, index)) expect(`${stdout}${stderr}`).toContain(piece);
});
