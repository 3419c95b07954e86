import type { Config } from "../config/config.ts";
import { type Finding, groupOf } from "../core/finding.ts";
import { type JsonObject, parseJsonObject } from "../core/json.ts";
import type { CompiledScan } from "../scan/compile.ts";
import { scan } from "../scan/scan.ts";
import { isBrokenPipe, print } from "./print.ts";
import { readText } from "./read-text.ts";
import { LineReader } from "./scan/lines.ts";
import { scannerOf } from "./scan/scanner.ts";
import { settingsOrComplain } from "./settings.ts";

const USAGE = "Usage: policy-mesh scan [--json | --jsonl]";

/** What one text, or one line, is told as. `error` is there where it could not be read, which counts as sensitive. */
type Verdict = { readonly sensitive: boolean; readonly findings: readonly Finding[]; readonly error?: string };

/**
 * Reads standard input and prints what the scanner finds, under the settings that the gateway would have: a text as a
 * whole, or with `--jsonl` one JSON object a line, `{"text": ...}` or the body of a chat request.
 */
export async function scanCommand(argv: readonly string[]): Promise<number> {
  const [mode = "--text"] = argv;
  if (mode !== "--text" && mode !== "--json" && mode !== "--jsonl") {
    console.error(USAGE);
    return 2;
  }
  const config = settingsOrComplain();
  if (config === null) return 1;
  const scanner = await scannerOf(config);
  if (scanner === null) return 1;
  try {
    if (mode === "--jsonl") return await scanLines(config, scanner);
    return await scanText(config, scanner, mode === "--json");
  } catch (error) {
    // Whoever read this has seen enough.
    if (isBrokenPipe(error)) return 0;
    throw error;
  }
}

async function scanText(config: Config, compiled: CompiledScan, asJson: boolean): Promise<number> {
  const text = await readText(Bun.stdin.stream(), config.maxBodyBytes);
  if (!text.ok) {
    console.error(`The text is larger than ${config.maxBodyBytes} bytes (MAX_BODY_BYTES), or not in UTF-8.`);
    return 1;
  }
  const verdict = judge({ text: text.value }, compiled);
  await printLine(asJson ? JSON.stringify(verdict) : describe(verdict));
  return 0;
}

/** One line out for each line in, as they come; a line that cannot be read fails the run, not the lines after it. */
async function scanLines(config: Config, compiled: CompiledScan): Promise<number> {
  const lines = new LineReader(config.maxBodyBytes);
  let failed = false;
  const answer = async (line: string | null) => {
    const body = line === null ? null : readBody(line);
    const verdict = body === null ? unreadable(line, config) : judge(body, compiled);
    failed ||= body === null;
    await printLine(JSON.stringify(verdict));
  };
  for await (const chunk of Bun.stdin.stream()) for (const line of lines.push(chunk)) await answer(line);
  for (const line of lines.end()) await answer(line);
  return failed ? 1 : 0;
}

/** Null also where an object has a field twice, as the gateway does not take it: the parser keeps only the last. */
function readBody(line: string): JsonObject | null {
  const body = parseJsonObject(line);
  try {
    return body === null || fieldsIn(line) !== fieldsIn(JSON.stringify(body)) ? null : body;
  } catch {
    // Too deep to be written, and so for any route.
    return null;
  }
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How many fields all objects of a JSON text have: as many as it has colons outside of its strings. */
function fieldsIn(json: string): number {
  let fields = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) inString = !inString;
    else if (inString && unit === BACKSLASH) at++;
    else if (!inString && unit === COLON) fields++;
  }
  return fields;
}

function unreadable(line: string | null, { maxBodyBytes }: Config): Verdict {
  const error =
    line === null
      ? `longer than ${maxBodyBytes} bytes, or not in UTF-8`
      : "not a JSON object, or one with a field twice";
  return { sensitive: true, findings: [], error };
}

function judge(body: JsonObject, compiled: CompiledScan): Verdict {
  const findings = scan({ body, task: null }, compiled);
  return { sensitive: findings.length > 0, findings };
}

function describe({ sensitive, findings }: Verdict): string {
  const width = Math.max(0, ...findings.map(({ code }) => code.length));
  const lines = findings.map(({ code, view, count }) => `  ${code.padEnd(width)}  ${count} x, ${view} reading`);
  const groups = [...new Set(findings.map(({ code }) => groupOf(code)))].join(", ");
  return [sensitive ? `sensitive: ${groups}` : "nothing sensitive found", ...lines].join("\n");
}

/** Waits for a reader that is slower than the scanner. */
const printLine = (line: string): Promise<void> => print(`${line}\n`, process.stdout);
