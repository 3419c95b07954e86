import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { Glob } from "bun";
import manifest from "../../../package.json" with { type: "json" };
import { COMMANDS } from "../../../src/cli/run.ts";
import { SETTINGS } from "../../../src/config/config.ts";
import { AuditEventBody } from "../../../src/http/schemas/audit.ts";

const ROOT = join(import.meta.dir, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** Variables that the docs and the containers may name although they are no settings of the gateway. */
const OTHER_VARIABLES = [
  // Docker Compose and the images it starts.
  ...["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "OLLAMA_HOST", "OLLAMA_NO_CLOUD"],
  // Bun and the system.
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"],
  // The tests and the recorder.
  ...["TEST_DATABASE_URL", "CHROMIUM_PATH"],
  // Clients that are told of the gateway.
  "OPENAI_API_BASE_URL",
];

const pages = ["README.md", ...new Glob("docs/**/*.md").scanSync({ cwd: ROOT })].toSorted();
const settings = new Map(Object.values(SETTINGS).map((setting) => [setting.name, setting.defaultValue]));

/** What stands in fences and in backticks: there a word is a name. */
function codeOf(markdown: string): string {
  const fences = [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "");
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
  return [...fences, ...spans].join("\n");
}

function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** The anchors that a page has, as the sites that show Markdown make them from its headings. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)];
  return headings.map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function brokenLinks(page: string): string[] {
  return linksOf(read(page)).filter((link) => {
    if (/^https?:\/\//.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
    if (target.startsWith("..") || !existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
  });
}

describe.each(pages)("%s", (page) => {
  const code = codeOf(read(page));
  const names = (pattern: RegExp) => [...new Set([...code.matchAll(pattern)].map((match) => match[1] ?? ""))];

  test("has no broken link", () => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test("names only scripts that package.json has", () => {
    const known = Object.keys(manifest.scripts);
    expect(names(/\bbun(?:@[\d.]+)? run ([a-z][\w:-]*)/g).filter((name) => !known.includes(name))).toEqual([]);
  });

  test("names only commands that the program has", () => {
    const known = Object.keys(COMMANDS);
    expect(names(/(?:^|[\s/])policy-mesh[ \t]+([a-z]+)\b/gm).filter((name) => !known.includes(name))).toEqual([]);
  });

  test("names only environment variables that are settings", () => {
    const words = names(/(?<![\w.-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w.-]|:<)(?! = )/g);
    const assigned = names(/(?:^|\s)([A-Z][A-Z0-9_]*)=/gm);
    const known = [...settings.keys(), ...OTHER_VARIABLES];
    expect([...words, ...assigned].filter((name) => !known.includes(name))).toEqual([]);
  });

  test("tells of the Bun that package.json names, and of no other", () => {
    expect(names(/\bbun@([\d.]*\d)/g).filter((version) => `bun@${version}` !== manifest.packageManager)).toEqual([]);
  });
});

describe.each(["README.md", "docs/GETTING_STARTED.md"])("the row that %s shows", (page) => {
  const blocks = [...read(page).matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => text);
  const row = JSON.parse(blocks.find((text) => text.includes('"received_at"')) ?? "{}");

  test("has the fields of one, and its attempts have theirs", () => {
    expect(Object.keys(row).toSorted()).toEqual(Object.keys(AuditEventBody.properties).toSorted());
    expect(Value.Check(AuditEventBody.properties.attempts, row.attempts)).toBe(true);
  });
});

describe("README.md", () => {
  test("has the two commands", () => {
    const commands = read("README.md").split("\n");
    expect(commands).toContain(`npx -y ${manifest.packageManager} run dev`);
    expect(commands).toContain(`npx -y ${manifest.packageManager} run test`);
  });
});

describe("docs/ARCHITECTURE.md", () => {
  test("names bounds as they stand in the code", () => {
    const bounds = [...read("docs/ARCHITECTURE.md").matchAll(/\[`([A-Z_]+ = [^`]+)`\]\(([^)]+)\)/g)];
    const wrong = bounds.filter(([, constant, file]) => !read(join("docs", file ?? "")).includes(`const ${constant};`));
    expect(bounds.length).toBeGreaterThan(15);
    expect(wrong.map(([, constant, file]) => `${file}: ${constant}`)).toEqual([]);
  });

  test("names every bound of what serves requests", () => {
    const text = read("docs/ARCHITECTURE.md");
    const files = ["src/boot.ts", "src/cli/serve.ts"];
    for (const room of ["boot", "gateway", "http", "providers"]) {
      files.push(...new Glob(`src/${room}/**/*.ts`).scanSync({ cwd: ROOT }));
    }
    const missing = files.flatMap((file) =>
      [...read(file).matchAll(/^(?:export )?const ((?:MAX_\w+|\w+_TIMEOUT_MS) = [^;]+);/gm)]
        .map(([, constant]) => `[\`${constant}\`](../${file})`)
        .filter((bound) => !text.includes(bound)),
    );
    expect(missing).toEqual([]);
  });
});

describe("docs/GETTING_STARTED.md", () => {
  const troubles = read("docs/GETTING_STARTED.md").split("## Troubleshooting")[1] ?? "";
  const messages = [...troubles.matchAll(/^- (?:``(.+)``|`(.+)`)\\$/gm)].map((match) => match[1] ?? match[2] ?? "");
  const files = [...new Glob("src/**/*.ts").scanSync({ cwd: ROOT })].map(read);
  // A literal that is broken over lines reads as one.
  const source = files.join("\n").replace(/" \+\s+"/g, "");

  test("quotes messages that the code has", () => {
    const phrases = messages.flatMap(phrasesOf);
    expect(phrases.length).toBeGreaterThan(25);
    expect(phrases.filter((phrase) => !source.includes(phrase))).toEqual([]);
  });
});

/** What PostgreSQL and the operating system say inside a message of ours. */
const FOREIGN = /permission denied|not a directory|posix_spawn|connect ECONNREFUSED/;
/** Values inside a message: addresses, paths, quotations, numbers, names of settings, fields, roles and providers. */
const VALUE =
  /https?:\/\/\S+|(?:\/[\w.-]+)+|"[^"]*"|`[^`]*`|\([^)]*\)|\S*\d\S*|\b[A-Z_]{4,}\b\S*|\b(?:stream|process|system)\b|\bOllama\b|The OpenAI-compatible provider/;

/** The pieces of a message, of four words or more, that stand in the code as they are. */
function phrasesOf(message: string): string[] {
  const pieces = message.split(new RegExp(`${VALUE.source}|[:.,;] |[.']`));
  return pieces.map((piece) => piece.trim()).filter((piece) => !FOREIGN.test(piece) && piece.split(" ").length >= 4);
}

describe("docs/STRUCTURE.md", () => {
  const named = linksOf(read("docs/STRUCTURE.md"))
    .filter((link) => link.endsWith("/"))
    .map((link) => relative(ROOT, join(ROOT, "docs", link)));
  const foldersIn = (folder: string) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${folder}/${entry.name}`);

  test("names every folder", () => {
    const source = new Glob("src/**/*.ts").scanSync({ cwd: ROOT });
    const folders = ["db", "docs", "test"].flatMap(foldersIn).filter((folder) => filesIn(folder));
    const expected = new Set([...folders, ...[...source].map(dirname)]);
    expect([...expected].filter((folder) => !named.includes(folder))).toEqual([]);
  });
});

/** Git knows no empty folders. */
const filesIn = (folder: string) => !new Glob("**/*").scanSync({ cwd: join(ROOT, folder) }).next().done;

describe("docs/DECISIONS.md", () => {
  test("lists every record once, in order", () => {
    const linked = linksOf(read("docs/DECISIONS.md")).filter((link) => link.startsWith("adr/"));
    const records = readdirSync(join(ROOT, "docs/adr")).toSorted();
    expect(linked).toEqual(records.map((file) => `adr/${file}`));
  });

  test("each record says context, decision, consequences and alternatives", () => {
    const sections = ["## Context", "## Decision", "## Consequences", "## Alternatives"];
    for (const file of readdirSync(join(ROOT, "docs/adr"))) {
      const found = read(`docs/adr/${file}`)
        .split("\n")
        .filter((heading) => heading.startsWith("## "));
      expect({ file, found }).toEqual({ file, found: sections });
    }
  });
});

type Service = { readonly environment?: Readonly<Record<string, string>>; readonly [key: string]: unknown };
const composeText = read("docker-compose.yml").replace(/^\s*#.*$/gm, "");
const compose = Bun.YAML.parse(composeText) as { readonly services: Readonly<Record<string, Service>> };

describe("docker-compose.yml", () => {
  test("sets only settings of the gateway", () => {
    const given = Object.keys(compose.services["app"]?.environment ?? {});
    expect(given.filter((name) => !settings.has(name))).toEqual([]);
    expect([...settings.keys()].filter((name) => !given.includes(name))).toEqual([]);
  });

  test("has the gateway's own defaults where it lets a variable through", () => {
    const variables = [...composeText.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)];
    const known = variables.filter(([, name]) => name !== "POSTGRES_PASSWORD");
    expect(known.length).toBeGreaterThan(10);
    for (const [, name = "", value] of known)
      expect({ name, value }).toEqual({ name, value: settings.get(name) ?? "" });
  });

  test("has no variable without a default, so that no .env is needed", () => {
    expect([...composeText.matchAll(/\$(?!\{[A-Z_]+:-[^}]*\})\S*/g)].map(([found]) => found)).toEqual([]);
  });

  test("publishes on loopback only, since there is no authentication", () => {
    const ports = Object.values(compose.services).flatMap((service) => service["ports"] ?? []);
    expect(ports).toEqual(["127.0.0.1:$" + "{PORT:-8000}:8000"]);
  });

  test("pins every image", () => {
    const images = Object.values(compose.services).map((service) => String(service["image"]));
    for (const image of images) expect(image).toMatch(/:(\d+\.\d+(\.\d+)?|local)$/);
  });
});

describe("Dockerfile", () => {
  const dockerfile = read("Dockerfile");

  test("builds with the Bun that package.json names", () => {
    expect(dockerfile).toContain(`FROM oven/${manifest.packageManager.replace("@", ":")} AS build`);
  });

  test("sets only settings, and leaves it to others to say that nobody has to log in", () => {
    const block = /^ENV ((?:.*\\\n)*.*)$/m.exec(dockerfile)?.[1] ?? "";
    const given = [...block.matchAll(/([A-Z_]+)=/g)].map((match) => match[1] ?? "");
    expect(given).toEqual(["HOST", "PORT", "DATA_DIR"]);
    expect(given.filter((name) => !settings.has(name))).toEqual([]);
  });

  test("runs as a number that is not root", () => {
    expect(/^USER (.*)$/m.exec(dockerfile)?.[1]).toBe("65532:65532");
  });
});
