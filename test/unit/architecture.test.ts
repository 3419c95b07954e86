import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join, normalize } from "node:path";
import { Glob } from "bun";

const SOURCE = join(import.meta.dir, "../../src");

/** Which rooms may import which; `docs/ARCHITECTURE.md` says why. A room may always import itself. */
const PURE = ["core", "scan", "policy", "audit"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  scan: ["core"],
  policy: ["core"],
  // To decide again what a row says was decided.
  audit: ["core", "policy"],
  config: PURE,
  providers: PURE,
  store: PURE,
  telemetry: [...PURE, "gateway/deps.ts"],
  gateway: PURE,
  http: [...PURE, "gateway"],
  workers: [...PURE, "gateway"],
  "app.ts": [...PURE, "gateway", "http"],
  boot: [...PURE, "config", "providers", "store", "gateway", "workers"],
  "boot.ts": [...PURE, "config", "providers", "store", "telemetry", "gateway", "http", "workers", "app.ts", "boot"],
  // A dry run of a request needs what serves one: the surfaces, the pipeline and what providers can carry.
  cli: [...PURE, "config", "providers", "store", "gateway", "http", "boot.ts"],
  "main.ts": ["cli"],
};

/** What a pure room must not touch; `node:crypto` computes and is let through. */
const EFFECTS =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bBun\.|\bfetch\(|\bsetTimeout\(|performance\./;
const EFFECT_MODULES = /^(bun|node:(?!crypto$))/;

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
const roomOf = (file: string) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : file);

async function sources() {
  const files: { file: string; text: string; imports: string[] }[] = [];
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  for await (const file of new Glob("**/*.ts").scan(SOURCE)) {
    const text = await Bun.file(join(SOURCE, file)).text();
    // Type imports vanish in transpiling but are dependencies all the same.
    const written = [...withoutComments(text).matchAll(/\bfrom\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    const scanned = file.endsWith(".d.ts") ? [] : transpiler.scanImports(text).map((found) => found.path);
    files.push({ file, text: withoutComments(text), imports: [...new Set([...written, ...scanned])] });
  }
  return files;
}

const resolveImport = (from: string, path: string) => normalize(join(from, "..", path));

function mayImport(from: string, to: string): boolean {
  const allowed = MAY_IMPORT[roomOf(from)] ?? [];
  return roomOf(to) === roomOf(from) || allowed.includes(roomOf(to)) || allowed.includes(to);
}

describe("the rooms of src", async () => {
  const files = await sources();

  test("are those that the table knows", () => {
    expect(readdirSync(SOURCE).toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
    expect(files.length).toBeGreaterThan(40);
  });

  test("import one way", () => {
    const wrong = files.flatMap(({ file, imports }) =>
      imports
        .filter((path) => path.startsWith("."))
        .map((path) => resolveImport(file, path))
        .filter((to) => !to.startsWith("..") && !mayImport(file, to))
        .map((to) => `${file} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test("leave src only for package.json, and from store for the SQL and the files of PGlite", () => {
    const outside = files.flatMap(({ file, imports }) =>
      imports
        .filter((path) => path.startsWith(".") && resolveImport(file, path).startsWith(".."))
        .map((path) => ({ file, path })),
    );
    const wrong = outside.filter(
      ({ file, path }) =>
        file !== "core/version.ts" &&
        !(roomOf(file) === "store" && /\/(db|node_modules\/@electric-sql\/pglite)\//.test(path)),
    );
    expect(wrong).toEqual([]);
  });

  test("have no clock, chance, environment, network or files where they are pure", () => {
    const wrong = files
      .filter(({ file }) => PURE.includes(roomOf(file)))
      .flatMap(({ file, text, imports }) => [
        ...(EFFECTS.test(text) ? [`${file}: ${EFFECTS.exec(text)?.[0]}`] : []),
        ...imports.filter((path) => EFFECT_MODULES.test(path)).map((path) => `${file} imports ${path}`),
      ]);
    expect(wrong).toEqual([]);
  });

  test("keep Elysia in http", () => {
    const users = files.filter(({ imports }) => imports.some((path) => /^(elysia|@elysiajs\/)/.test(path)));
    expect(users.map(({ file }) => roomOf(file)).filter((room) => room !== "http" && room !== "app.ts")).toEqual([]);
  });

  test("keep SQL in .sql files", () => {
    const statements =
      /["'`]\s*(select\s[\s\S]*?\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+table\s)/i;
    expect(files.filter(({ text }) => statements.test(text)).map(({ file }) => file)).toEqual([]);
  });

  test("read the environment in cli only, but for the certificates that dbmate's process needs", () => {
    const readers = files.filter(({ text }) => /process\.env|Bun\.env|import\.meta\.env/.test(text));
    const others = readers.map(({ file }) => file).filter((file) => roomOf(file) !== "cli");
    expect(others).toEqual(["store/migrations/run-dbmate.ts"]);
  });
});

describe("the check itself", () => {
  test.each([
    ["core/chat.ts", "policy/built-in.ts"],
    ["providers/ollama.ts", "store/lock.ts"],
    ["store/lock.ts", "providers/ollama.ts"],
    ["gateway/plan.ts", "http/chat.ts"],
    ["http/chat.ts", "store/lock.ts"],
    ["telemetry/telemetry.ts", "gateway/plan.ts"],
  ])("would find %s importing %s", (from, to) => {
    expect(mayImport(from, to)).toBe(false);
  });

  test("tells an effect from a word in a comment", () => {
    expect(EFFECTS.test(withoutComments("const at = Date.now();"))).toBe(true);
    expect(EFFECTS.test(withoutComments("/** not Date.now() */ const x = 1; // nor process.env"))).toBe(false);
  });
});
