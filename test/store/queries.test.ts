import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { statementsOf } from "../support/sql-statements.ts";

const QUERIES = join(import.meta.dir, "../../db/queries");
const files = [...new Glob("**/*.sql").scanSync(QUERIES)].toSorted();
const sources = await Promise.all(
  [...new Glob("**/*.ts").scanSync(join(import.meta.dir, "../../src"))].map((file) =>
    Bun.file(join(import.meta.dir, "../../src", file)).text(),
  ),
);

describe.each(files)("db/queries/%s", (file) => {
  const read = () => Bun.file(join(QUERIES, file)).text();

  test("is named aggregate/verb_noun and used", () => {
    expect(file).toMatch(/^[a-z_]+\/[a-z]+(_[a-z]+)*\.sql$/);
    expect(sources.some((source) => source.includes(`db/queries/${file}"`))).toBe(true);
  });

  test("says what it does, takes, returns and locks", async () => {
    const header = (await read()).split("\n").filter((line) => line.startsWith("--"));
    const labels = header.flatMap((line) => /^-- (\w+):/.exec(line)?.[1] ?? []);
    expect(labels).toEqual(["What", "Params", "Returns", "Locks"]);
  });

  test("is one statement that names its columns, and its header names each parameter", async () => {
    const text = await read();
    expect(statementsOf(text)).toHaveLength(1);
    expect(text).not.toMatch(/select\s+\*/i);
    const [header = "", body = ""] = [text.replace(/^(?!--).*$/gm, ""), text.replace(/^--.*$/gm, "")];
    for (const [parameter] of body.matchAll(/\$\d+/g)) expect(header).toContain(parameter);
  });
});
