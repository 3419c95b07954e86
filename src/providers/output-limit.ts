import type { Task } from "../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { OTHER_LIMIT_FIELDS, STANDARD_LIMIT_FIELDS } from "../core/output-limit-fields.ts";

/**
 * INVARIANT: where policy bounds what a model may write, no request leaves that asks for more, whatever its body says and
 * wherever it says so. A client that asks for less gets less.
 */

/** How a server of the OpenAI protocol is told the limit. */
export type LimitField = {
  /** The field that it is sure to know. */
  readonly name: (typeof STANDARD_LIMIT_FIELDS)[number];
  /** Whether it refuses both standard fields at once; then it knows both. */
  readonly alone: boolean;
  /** What it takes where nothing is said; null where that is no limit. */
  readonly unsaid: number | null;
};

/** What is to be asked for in the gateway's own words. `most` is null where policy sets no bound. */
export function limitTask<T extends Task>(task: T, most: number | null): T {
  if (most === null || task.kind === "embedding") return task;
  return { ...task, sampling: { ...task.sampling, maxTokens: limited(task.sampling.maxTokens, most) } };
}

/** A client's body in the OpenAI protocol. */
export function limitOpenAiBody(body: JsonObject, most: number, field: LimitField): JsonObject {
  const said = [...STANDARD_LIMIT_FIELDS, ...OTHER_LIMIT_FIELDS].filter((name) => isGiven(body[name]));
  const limits = said.map((name) => [name, limited(body[name], most)] as const);
  const isKnown = field.alone ? STANDARD_LIMIT_FIELDS.some((name) => said.includes(name)) : said.includes(field.name);
  if (isKnown) return { ...body, ...Object.fromEntries(limits) };
  const asked = limits.length > 0 ? limits.map(([, limit]) => limit) : [field.unsaid ?? most];
  return { ...body, ...Object.fromEntries(limits), [field.name]: Math.min(most, ...asked) };
}

/** A client's `options` for Ollama, which takes zero and anything below it for no limit. */
export function limitOllamaOptions(options: JsonValue | undefined, most: number): JsonObject {
  const given = isJsonObject(options) ? options : {};
  const asked = given["num_predict"];
  return { ...given, num_predict: asked === 0 ? most : limited(asked, most) };
}

/** To some servers zero is no limit, as anything below it is to all: one is the least that is a limit to everybody. */
function limited(asked: JsonValue | undefined, most: number): number {
  if (asked === 0) return 1;
  return typeof asked === "number" && Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : most;
}

const isGiven = (value: JsonValue | undefined): boolean => value !== undefined && value !== null;
