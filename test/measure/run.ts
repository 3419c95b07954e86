/**
 * `bun run measure`: how good and how fast the scanner is.
 *
 *   --data DIR     labelled text: pii-dev.jsonl and secrets-dev.jsonl; without it those parts are left out
 *   --benign DIR   documentation and code without anything sensitive; may be given more than once (node_modules)
 *   --chunks N     how many chunks of 2 KB of that are scanned (20000)
 *   --show         also prints what was missed and what was found wrongly
 *   --only PART    quality, evasions, benign or timing
 */
import { parseArgs } from "node:util";
import { type CompiledScan, compileScan } from "../../src/scan/compile.ts";
import { alarmsIn, benignChunks, countByCode } from "./benign.ts";
import { evasionRecall, keywordRecall, qualityOf, type Recall, readLabelled } from "./quality.ts";
import { ADVERSARIAL, BODIES, longestStepMs, longestStepOfBodyMs, quantile, timingOf, typicalMs } from "./timing.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    benign: { type: "string", multiple: true, default: ["node_modules"] },
    chunks: { type: "string", default: "20000" },
    show: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const PARTS = ["quality", "evasions", "benign", "timing"];
const { data, show } = values;
if (values.only !== undefined && !PARTS.includes(values.only)) {
  console.error(`--only takes one of ${PARTS.join(", ")}`);
  process.exit(2);
}
const wants = (part: string): boolean => values.only === undefined || values.only === part;
const say = (line: string): void => console.log(line);

function compiled(keywords: readonly string[], detectSensitiveData: boolean): CompiledScan {
  const result = compileScan({ keywords, detectSensitiveData });
  if (!result.ok) throw new Error("the scan does not compile");
  return result.value;
}

const scanner = compiled([], true);
say(`rule set ${scanner.ruleset}\n`);
if (data === undefined && (wants("quality") || wants("evasions"))) {
  say("Without --data there is no labelled text: quality and evasions are left out.");
}
if (data !== undefined && wants("quality")) {
  sayQuality("PII dev set", "pii-dev.jsonl", data);
  sayQuality("secrets dev set", "secrets-dev.jsonl", data);
}
if (data !== undefined && wants("evasions")) {
  sayRecall("PII", evasionRecall(readLabelled(data, "pii-dev.jsonl"), scanner));
  sayRecall(
    "keywords",
    keywordRecall((keywords) => compiled(keywords, false)),
  );
}
if (wants("benign") || wants("timing")) {
  const chunks = await benignChunks(values.benign, Number(values.chunks));
  if (wants("benign")) sayBenign(chunks);
  if (wants("timing")) {
    sayTiming(chunks);
    sayBodies();
  }
}

function sayQuality(name: string, file: string, directory: string): void {
  const quality = qualityOf(readLabelled(directory, file), scanner);
  say(`${name}: precision ${percent(quality.precision)}, recall ${percent(quality.recall)}`);
  if (!show) return;
  for (const line of quality.missed) say(`  missed  [${line.rule ?? ""}] ${brief(line.text)}`);
  for (const { line, codes } of quality.falseAlarms)
    say(`  false   ${codes.join(" ")} [${line.rule ?? ""}] ${brief(line.text)}`);
}

function sayRecall(name: string, recalls: readonly Recall[]): void {
  say(`\nevasions, ${name}`);
  for (const { name: evasion, found, of, missed } of recalls) {
    say(`  ${evasion.padEnd(26)} ${of === 0 ? "-" : percent(found / of)}  (${found} of ${of})`);
    if (show) for (const text of missed.slice(0, 8)) say(`    missed  ${brief(text)}`);
  }
}

function sayBenign(chunks: Awaited<ReturnType<typeof benignChunks>>): void {
  const alarms = alarmsIn(chunks, scanner);
  say(`\nbenign: ${alarms.length} of ${chunks.length} chunks of 2 KB, ${percent(alarms.length / chunks.length)}`);
  for (const [code, count] of countByCode(alarms)) say(`  ${code.padEnd(36)} ${count}`);
  if (!show) return;
  for (const { chunk, codes, views } of alarms)
    say(`  ${codes.join(" ")} (${views.join(" ")})  ${chunk.file} ${chunk.at}`);
}

function sayTiming(chunks: Awaited<ReturnType<typeof benignChunks>>): void {
  const typical = typicalMs(chunks, scanner);
  say(`\n32 KB of documentation and code: p50 ${ms(quantile(typical, 0.5))}, p99 ${ms(quantile(typical, 0.99))}`);
  for (const [name, make] of Object.entries(ADVERSARIAL)) {
    const timing = timingOf(name, make, scanner);
    const step = longestStepMs(make, scanner);
    say(
      `  ${name.padEnd(28)} 32 KB p50 ${ms(timing.p50Ms)}  p90 ${ms(timing.maxMs)}  4x costs ${timing.growth.toFixed(1)}x  1 MB longest step ${ms(step)}`,
    );
  }
}

function sayBodies(): void {
  for (const [name, make] of Object.entries(BODIES)) {
    say(`  ${name.padEnd(28)} longest step ${ms(longestStepOfBodyMs(make(), scanner))}`);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`.padStart(9);
}

function brief(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
