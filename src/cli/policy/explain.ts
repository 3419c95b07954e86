import { type ChatRequest, SURFACES, type Surface } from "../../core/chat.ts";
import type { Features } from "../../core/features.ts";
import { decideRequest } from "../../gateway/decide-request.ts";
import { countsOf } from "../../gateway/records.ts";
import { decideBody } from "../../http/decide-body.ts";
import { labelsOf } from "../../http/labels.ts";
import { Refusal } from "../../http/problem.ts";
import { DEFAULT_SURFACE } from "../../http/schemas/decide.ts";
import { scan } from "../../scan/scan.ts";
import type { Arguments } from "../command/arguments.ts";
import { failedReport } from "../command/failed-report.ts";
import { STANDARD_INPUT } from "../command/read-file.ts";
import { jsonReport, type Report } from "../command/report.ts";
import { runCommand, wrongUsage } from "../command/run.ts";
import { type CommandSpec, JSON_OPTION } from "../command/spec.ts";
import { ASSUMPTION, assumedProviders } from "./assumed-providers.ts";
import { type OpenedPolicy, openPolicy, unopenedReport } from "./open-policy.ts";
import { readRequest } from "./read-request.ts";
import { type Explained, renderExplain } from "./render-explain.ts";

export const EXPLAIN: CommandSpec = {
  family: "policy",
  name: "explain",
  summary: "Say where a policy file would send a request, and why. Calls no provider and shows no text of the request.",
  operands: ["FILE", "REQUEST.json"],
  options: {
    surface: {
      value: "NAME",
      summary: `The surface whose body REQUEST.json is: ${SURFACES.join(", ")}. Left out: ${DEFAULT_SURFACE}.`,
    },
    label: { value: "name=value", many: true, summary: "A label of the caller, as a proxy in front would give it." },
    json: JSON_OPTION,
  },
  exitCodes: ["explained, also where the request would be denied", "the file is not sound, or the request is refused"],
};

export const run = (argv: readonly string[]): Promise<number> => runCommand(EXPLAIN, argv, explain);

export async function explain(given: Arguments): Promise<Report> {
  const [file, requestFile, asJson] = [given.operand(0), given.operand(1), given.has("json")];
  const surface = surfaceOf(given.value("surface") ?? DEFAULT_SURFACE);
  if (surface === null) return wrongUsage(EXPLAIN, `--surface takes one of ${SURFACES.join(", ")}.`);
  const labels = readLabels(given.values("label"));
  if (labels === null) return wrongUsage(EXPLAIN, "--label takes name=value, as in --label team=research, none twice.");
  if (file === STANDARD_INPUT && requestFile === STANDARD_INPUT) {
    return wrongUsage(EXPLAIN, "standard input can be one of the two files only.");
  }
  const opened = await openPolicy(file, null);
  if (!opened.ok) return unopenedReport(opened.error, asJson);
  const request = await readRequest(requestFile, surface);
  if (!request.ok) return failedReport({ exitCode: 1, file: requestFile, ...request.error }, asJson);
  const explained = decideDry(opened.value, request.value, labels);
  if (!asJson) return { exitCode: 0, stdout: renderExplain(explained), stderr: "" };
  return jsonReport(0, { file: opened.value.name, ok: true, ...explained.body, notes: explained.notes });
}

const surfaceOf = (name: string): Surface | null => SURFACES.find((surface) => surface === name) ?? null;

const LABELS_HEADER = "labels";

/** As the gateway reads them of a header. Null where they cannot be read. */
function readLabels(given: readonly string[]): Features["labels"] | null {
  try {
    return labelsOf(new Request("http://localhost/", { headers: { [LABELS_HEADER]: given.join(",") } }), LABELS_HEADER);
  } catch (error) {
    // A header cannot hold every text that a shell can give.
    if (error instanceof Refusal || error instanceof TypeError) return null;
    throw error;
  }
}

/** The gateway's own stages, with providers that nobody can ask. */
function decideDry({ prepared }: OpenedPolicy, request: ChatRequest, labels: Features["labels"]): Explained {
  const { policy } = prepared.loaded;
  const providers = assumedProviders(policy);
  const active = { policy, scan: prepared.scan, providers, source: "file" as const, loadedAt: new Date() };
  const findings = scan(request, prepared.scan);
  const decided = decideRequest(active, request, findings, labels);
  const ignored = Object.keys(labels).filter((name) => !Object.hasOwn(decided.features.labels, name));
  return {
    body: decideBody({ ...decided, active, findings: countsOf(findings) }),
    notes: [
      ...(request.wish === null ? [] : [ASSUMPTION]),
      ...ignored.map((name) => `The policy declares no label ${name} with this value, so it counts for nothing.`),
    ],
  };
}
