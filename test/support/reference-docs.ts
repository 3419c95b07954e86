/**
 * Makes the reference pages from the code, so that they cannot say anything else than the code does. A test compares
 * what is committed with what this makes. To write the files again:
 *
 *     npx -y bun@1.4.5 run docs
 */
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { buildApp } from "../../src/app.ts";
import { AUDIT_COMMANDS } from "../../src/cli/audit.ts";
import type { Subcommand } from "../../src/cli/command/family.ts";
import { usageOf, writtenOf } from "../../src/cli/command/spec.ts";
import { POLICY_COMMANDS } from "../../src/cli/policy.ts";
import { COMMANDS } from "../../src/cli/run.ts";
import { describeFaults, readConfig, SETTINGS } from "../../src/config/config.ts";
import type { Setting } from "../../src/config/settings.ts";
import { FINDING_GROUPS, type FindingGroup, groupOf } from "../../src/core/finding.ts";
import { ERROR_REASONS, type Reason, ROUTING_REASONS } from "../../src/core/reasons.ts";
import { DEFAULT_RULES, RULESET_VERSION, rulesetHash } from "../../src/scan/compile.ts";
import { DETECTORS } from "../../src/scan/detectors/all.ts";
import { watchSpool } from "../../src/telemetry/audit-metrics.ts";
import { createMetrics, LABEL_VALUES, POLICY_LABEL_VALUES } from "../../src/telemetry/metrics.ts";
import { watchTraffic } from "../../src/telemetry/traffic-metrics.ts";
import { fakeDeps } from "./deps.ts";

/** Every generated file and what makes it. */
export const DOCUMENTS: Readonly<Record<string, () => string | Promise<string>>> = {
  ".env.example": envExample,
  "docs/reference/api.md": async () => apiReference(await openApiDocument()),
  "docs/reference/cli.md": cliReference,
  "docs/reference/configuration.md": configurationReference,
  "docs/reference/detectors.md": detectorsReference,
  "docs/reference/licences.md": licencesReference,
  "docs/reference/metrics.md": metricsReference,
  "docs/reference/reasons.md": reasonsReference,
};

const settings: readonly Setting<unknown>[] = Object.values(SETTINGS);
const maxBodyBytes = 1_024;

function envExample(): string {
  const head = [
    "# Every setting of Policy Mesh. Nothing here has to be set: what stands after `=` is the default.",
    "# Copy this file to .env and take the `#` off what you change. An empty value counts as unset.",
  ];
  const entries = settings.map(({ name, defaultValue, shape, description, secret }) => [
    `# ${description}`,
    `# Shape: ${shape}.${secret ? " Secret." : ""}`,
    `#${name}=${defaultValue ?? ""}`,
  ]);
  return text([head, ...entries].map((lines) => lines.join("\n")));
}

function configurationReference(): string {
  const rows = settings.map(({ name, defaultValue, shape, description, secret }) => [
    code(name),
    defaultValue === null ? "none" : defaultValue === "" ? "empty" : code(defaultValue),
    shape,
    `${description}${secret ? " Secret: never logged, never shown." : ""}`,
  ]);
  const wrong = readConfig({ PORT: "eighty", DEFAULT_PROVIDER: "cloud" });
  return page("Configuration", "SETTINGS in src/config/config.ts", [
    "Settings come from the environment and from nowhere else. Bun also reads a file `.env` in the working directory " +
      "into the environment; a variable that is set already wins over it. An empty value counts as unset.",
    "Everything is checked at start. If something is wrong the process says what, in one message, and exits with 1. " +
      "The message names the variable and the remedy and never repeats the value. For example:",
    fence("text", wrong.ok ? "" : describeFaults(wrong.error)),
    table(["Variable", "Default", "Shape", "What it does"], rows),
    "Outside the gateway's own settings, two things of the environment matter. `HTTP_PROXY`, `HTTPS_PROXY` and " +
      "`NO_PROXY` apply to calls to the cloud provider, unless it is at a loopback address, and to nothing else (see " +
      "[ADR 5](../adr/0005-local-traffic-ignores-proxies.md)). And `docker-compose.yml` also reads " +
      "`POSTGRES_PASSWORD`.",
  ]);
}

function reasonsReference(): string {
  const routing = Object.entries(ROUTING_REASONS).map(([name, reason]) => [code(name), cell(reason.meaning)]);
  const errors = Object.entries(ERROR_REASONS).map(([name, reason]: [string, Reason]) => [
    code(name),
    String(reason.status ?? ""),
    String(reason.compatible?.status ?? ""),
    code(reason.compatible?.type ?? ""),
    code(reason.compatible?.code ?? name),
    reason.compatible?.retry === true ? "yes" : "no",
    reason.logLevel,
    cell(reason.meaning),
  ]);
  return page("Reason codes", "src/core/reasons.ts", [
    "A closed set: the gateway gives no other code. A code is never used again for another meaning.",
    "## Why a request went where it went",
    "`reason_codes` in answers, audit events and log lines; the label `reason` of " +
      "[`policy_mesh_decisions_total`](metrics.md). A request that policy denies also carries the `policy.` code " +
      "that denied it.",
    table(["Code", "Meaning"], routing),
    "## Why a request failed",
    "`error.code` in answers and error bodies. `provider.` codes end in the failure category of the audit event. " +
      "Routes under `/v1` that are the gateway's own answer the status of the second column. Routes of the OpenAI and " +
      "Ollama protocols answer that of the third, since it decides which class of error an SDK raises, and those of " +
      "OpenAI carry the type and the code of the next two. Retry is what the header `x-should-retry` says.",
    table(["Code", "Status", "Status for SDKs", "OpenAI type", "OpenAI code", "Retry", "Log level", "Meaning"], errors),
  ]);
}

/** With every metric that the gateway has; it cannot be scraped. */
export function metricsRegistry() {
  const { registry } = createMetrics({ version: "", bun: "" });
  const neverAsked = () => {
    throw new Error("the page shows no values");
  };
  watchTraffic([registry], { providers: neverAsked, admission: neverAsked });
  watchSpool([registry], neverAsked, neverAsked);
  return registry;
}

function metricsReference(): string {
  const registry = metricsRegistry();
  const own = registry.getMetricsAsArray().filter((metric) => !metric.name.startsWith("process_"));
  const rows = own.map((metric) => [
    code(metric.name),
    String(metric.type),
    listOf(metric, "labelNames").map(code).join(", ") || "none",
    cell(metric.help),
  ]);
  const labels = Object.entries(LABEL_VALUES).map(([label, values]) => {
    const own = POLICY_LABEL_VALUES[label];
    return [code(label), [...(own === undefined ? [] : [own]), ...values.map(code)].join(", ")];
  });
  const buckets = own
    .map((metric) => [metric.name, listOf(metric, "upperBounds").map((bound) => `${bound} s`)] as const)
    .filter(([, bounds]) => bounds.length > 0);
  return page("Metrics", "src/telemetry/metrics.ts", [
    "`GET /v1/metrics` gives them in Prometheus's text format 0.0.4.",
    table(["Name", "Type", "Labels", "What it counts"], rows),
    ...buckets.map(([name, bounds]) => `Buckets of ${code(name)}: ${bounds.join(", ")}.`),
    "Every label takes its values from a closed set, so the number of series is bounded. No label holds anything a " +
      "caller sent. The labels of `policy_mesh_build_info` have one value each for a given build, and those of `policy_mesh_policy_info` for the policy in force. Series of providers and reasons that a new policy does not name stay until the process ends.",
    table(["Label", "Values"], labels),
    "Beside these there are the usual metrics of the process, whose names begin with `process_`. Which ones depends " +
      "on the operating system.",
  ]);
}

const GROUP_TITLES: Partial<Record<FindingGroup, string>> = {
  pii: "Personal data",
  secret: "Secrets",
  marker: "Markings of documents",
  evasion: "Signs that something is hidden",
};

function detectorsReference(): string {
  const codes = new Set(DETECTORS.flatMap((detector) => detector.codes));
  const sections = FINDING_GROUPS.flatMap((group) => {
    const title = GROUP_TITLES[group];
    const own = [...codes].filter((name) => groupOf(name) === group).toSorted();
    if (title === undefined) return [];
    return [`## ${title}`, `${own.length} kinds.`, table(["Code", "What it finds", "Format"], own.map(detectorRow))];
  });
  return page("Detectors", "DETECTORS in src/scan/detectors/all.ts", [
    `Rule set \`${RULESET_VERSION}\`, SHA-256 \`${rulesetHash(DEFAULT_RULES)}\`. Audit rows name both. How the scanner reads a ` +
      "request, and how good it is, stands in [the scanner](scanner.md).",
    ...sections,
  ]);
}

/** Several detectors may give the same code: each says what it does for it. */
function detectorRow(name: string): string[] {
  const own = DETECTORS.filter(({ codes }) => codes.includes(name));
  const titles = [...new Set(own.map(({ title }) => title))].map(cell).join(" ");
  const sources = [...new Set(own.flatMap((detector) => detector.sources))];
  return [code(name), titles, sources.map((source) => `<${source}>`).join(" ")];
}

/** What is compiled into the binary, by what the packages say of themselves. */
async function licencesReference(): Promise<string> {
  const rows = await Promise.all(
    Object.entries(manifest.dependencies).map(async ([name, version]) => {
      const { license } = await Bun.file(join(import.meta.dir, "../../node_modules", name, "package.json")).json();
      return [code(name), version, String(license), `<https://www.npmjs.com/package/${name}/v/${version}>`];
    }),
  );
  return page("Licences", "the dependencies in package.json", [
    "Policy Mesh is under [Apache-2.0](../../LICENSE). These packages, and those that they depend on, are part of the " +
      "binary. Their texts come with the packages.",
    table(["Package", "Version", "Licence", "Where"], rows),
    "The table of characters that look alike is made from data of Unicode 15.0.0, copyright 1991-2022 Unicode, Inc., " +
      "under Unicode-DFS-2016, <https://www.unicode.org/copyright.html>. The patterns of telephone numbers are Google's, " +
      "from `libphonenumber-js`, under Apache-2.0.",
  ]);
}

function cliReference(): string {
  const commands = Object.values(COMMANDS).map(({ usage, summary }) => [code(`policy-mesh ${usage}`), cell(summary)]);
  const scripts = Object.entries(manifest.scripts).map(([name, script]) => [code(`bun run ${name}`), code(script)]);
  const source =
    "COMMANDS in src/cli/run.ts, POLICY_COMMANDS in src/cli/policy.ts, AUDIT_COMMANDS in src/cli/audit.ts and the scripts in package.json";
  return page("Command line", source, [
    "## The program",
    table(["Command", "What it does"], commands),
    "Exit codes: 0 done, 1 failed, 2 wrong usage. Settings come from the environment, see " +
      "[configuration](configuration.md). Log lines are JSON on standard output; what is meant for a person at a " +
      "terminal is on standard error.",
    "`SIGTERM` or `SIGINT` ends `serve` in order: it stops accepting, lets requests in flight finish within a bound, " +
      "closes the database and exits with 0. Another signal, more than half a second later, ends it at once with 130.",
    "## Policy files",
    "Where a file is asked for, `-` stands for standard input, but to sign and to verify. With `--json` there is one JSON document on standard " +
      "output, also for a file that cannot be read; without it, what is wrong with a file is on standard error. Wrong " +
      "usage is always said on standard error and ends with 2.",
    ...POLICY_COMMANDS.map(subcommandReference),
    "## The audit",
    "What asks the database asks that of the settings. The embedded one is asked through the gateway that has it open, where one runs.",
    ...AUDIT_COMMANDS.map(subcommandReference),
    "## In a checkout",
    "Where Bun is not installed, write `npx -y bun@1.4.5 run` for `bun run`.",
    table(["Command", "What it runs"], scripts),
  ]);
}

function subcommandReference(command: Subcommand): string {
  const { family, name, summary, options, exitCodes } = command;
  const rows = Object.entries(options).map(([option, spec]) => [code(writtenOf(option, spec)), cell(spec.summary)]);
  const [done, wrong] = exitCodes;
  return [
    `### ${family} ${name}`,
    fence("text", `policy-mesh ${usageOf(command)}`),
    cell(summary),
    ...(rows.length === 0 ? [] : [table(["Option", "What it does"], rows)]),
    `Exit codes: 0 ${cell(done)}${wrong === null ? "" : `; 1 ${cell(wrong)}`}; 2 wrong usage.`,
  ].join("\n\n");
}

// The API: the OpenAPI document that the gateway itself serves, as a page.

type Schema = { readonly [key: string]: unknown };
type Operation = Schema & { readonly responses: Readonly<Record<string, Schema>> };

/** Asks a gateway with fakes behind it for `/docs/json`. */
async function openApiDocument(): Promise<Schema> {
  const { registry } = createMetrics({ version: "", bun: "" });
  const { deps } = fakeDeps();
  const app = buildApp({
    deps,
    metrics: registry,
    maxBodyBytes,
    version: "0",
    isDraining: () => false,
    loopbackOnly: false,
  });
  const response = await app.handle(new Request("http://localhost/docs/json"));
  if (!response.ok) throw new Error(`/docs/json answered ${response.status}`);
  return object(await response.json());
}

export function apiReference(document: Schema): string {
  const operations = Object.entries(object(document["paths"])).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => describeOperation(document, method, path, operation)),
  );
  const everywhere = Object.entries(ERROR_REASONS)
    .filter(([name]) => (name.startsWith("request.") && name !== "request.aborted") || name === "gateway.internal")
    .map(([name, reason]) => [String(reason.status), code(name), cell(reason.meaning)]);
  return page("API", "the OpenAPI document of the routes in src/http", [
    "The running gateway shows the same as a page at `/docs`, where requests can be tried, and as an OpenAPI document " +
      "at `/docs/json`. Every answer has the header `x-request-id`.",
    ...operations,
    "## Refused requests",
    "What is refused before a decision leaves no audit event, whatever the route. The body is `request_id` and an " +
      "`error` with `code`, `message` and `field` (null where no single field is at fault); it never repeats what was " +
      "sent. All codes stand in [reason codes](reasons.md).",
    table(["HTTP status", "Code", "Meaning"], everywhere),
  ]);
}

function describeOperation(document: Schema, method: string, path: string, raw: unknown): string {
  const operation = object(raw) as Operation;
  const parts = [`## ${method.toUpperCase()} ${path}`, `${operation["summary"]}. ${operation["description"] ?? ""}`];
  const parameters = array(operation["parameters"]).map((parameter) => object(parameter));
  if (parameters.length > 0) {
    const rows = parameters.map((parameter) => [
      code(String(parameter["name"])),
      typeOf(document, parameter["schema"]),
      cell(String(parameter["description"] ?? object(parameter["schema"])["description"] ?? "")),
    ]);
    parts.push(table(["Parameter", "Type", "What it is"], rows));
  }
  const body = schemaOf(object(operation["requestBody"] ?? {}));
  if (body !== null) parts.push("### Request", fieldTable(document, body));
  for (const [statuses, schema] of responsesBySchema(operation)) {
    parts.push(`### Answer ${statuses.join(", ")}`, schema === null ? "Text." : fieldTable(document, schema));
  }
  return parts.join("\n\n");
}

/** Statuses that are answered with the same body stand together. */
function responsesBySchema({ responses }: Operation): [string[], Schema | null][] {
  const groups = new Map<string, [string[], Schema | null]>();
  for (const [status, response] of Object.entries(responses)) {
    const schema = schemaOf(response);
    const key = JSON.stringify(schema);
    const group = groups.get(key) ?? [[], schema];
    group[0].push(status);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Bodies are JSON; null where there is none. */
function schemaOf(body: Schema): Schema | null {
  const json = object(object(body["content"] ?? {})["application/json"] ?? {})["schema"];
  return json === undefined ? null : object(json);
}

function fieldTable(document: Schema, schema: Schema): string {
  return table(["Field", "Type", "Required", "What it is"], fields(document, schema, ""));
}

function fields(document: Schema, given: unknown, prefix: string): string[][] {
  const schema = withoutNull(document, given);
  if (schema["type"] === "array") return fields(document, schema["items"], `${prefix}[]`);
  if (schema["properties"] === undefined) return [];
  const required = array(schema["required"]);
  return Object.entries(object(schema["properties"])).flatMap(([name, property]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const description = String(withoutNull(document, property)["description"] ?? "");
    const row = [code(path), typeOf(document, property), required.includes(name) ? "yes" : "no", cell(description)];
    return [row, ...fields(document, property, path)];
  });
}

function typeOf(document: Schema, given: unknown): string {
  const schema = resolve(document, given);
  const choices = array(schema["anyOf"] ?? schema["oneOf"]);
  if (choices.length > 0) return [...new Set(choices.map((choice) => typeOf(document, choice)))].join(" or ");
  if (schema["const"] !== undefined) return code(JSON.stringify(schema["const"]));
  if (schema["enum"] !== undefined)
    return array(schema["enum"])
      .map((value) => code(JSON.stringify(value)))
      .join(" or ");
  if (schema["type"] === "array") {
    const least = schema["minItems"] === undefined ? "" : `, at least ${schema["minItems"]}`;
    const most = schema["maxItems"] === undefined ? "" : `, at most ${schema["maxItems"]}`;
    return `array of ${typeOf(document, schema["items"])}${least}${most}`;
  }
  const format = schema["format"] ?? (schema["pattern"] === undefined ? undefined : code(String(schema["pattern"])));
  return `${String(schema["type"])}${format === undefined ? "" : ` (${String(format)})`}`;
}

/** A nullable schema's own part, which is the one with fields and a description. */
function withoutNull(document: Schema, given: unknown): Schema {
  const schema = resolve(document, given);
  const own = array(schema["anyOf"]).filter((choice) => resolve(document, choice)["type"] !== "null");
  return own.length === 1 ? { ...schema, ...withoutNull(document, own[0]) } : schema;
}

function resolve(document: Schema, given: unknown): Schema {
  const schema = object(given);
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  const target = reference
    .split("/")
    .slice(1)
    .reduce<unknown>((value, key) => object(value)[key], document);
  return resolve(document, target);
}

function object(value: unknown): Schema {
  if (typeof value !== "object" || value === null) throw new Error(`not an object: ${JSON.stringify(value)}`);
  return value as Schema;
}

const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const listOf = (value: object, name: string) => array((value as Schema)[name]).map(String);

// Markdown.

function page(title: string, source: string, parts: readonly string[]): string {
  return text([`# ${title}`, `<!-- Made from ${source} by test/support/reference-docs.ts. Do not edit. -->`, ...parts]);
}

const text = (parts: readonly string[]): string => `${parts.join("\n\n")}\n`;
const code = (word: string): string => (word === "" ? "" : `\`${word.replaceAll("|", "\\|")}\``);
const cell = (words: string): string => words.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const fence = (language: string, words: string): string => `\`\`\`${language}\n${words}\n\`\`\``;
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  if (process.argv[2] !== "--write") throw new Error("Usage: reference-docs.ts --write");
  const root = join(import.meta.dir, "../..");
  for (const [file, make] of Object.entries(DOCUMENTS)) await Bun.write(join(root, file), await make());
}
