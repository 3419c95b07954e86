import { SURFACES, TASKS } from "./chat.ts";
import type { Features, Price } from "./features.ts";
import { isJsonObject, type JsonValue } from "./json.ts";

/** Features as they stand in audit rows and answers: under the names that policy files give them, where they give any. */
export type RecordedFeatures = {
  readonly surface: Features["surface"];
  readonly task: Features["task"];
  readonly stream: boolean;
  readonly message_count: number;
  readonly prompt_chars: number;
  readonly prompt_tokens: number | null;
  readonly max_output_tokens: number | null;
  readonly choices: number;
  readonly has_tools: boolean;
  readonly has_images: boolean;
  readonly opaque_content: boolean;
  readonly scan_incomplete: boolean;
  readonly signals: readonly string[];
  readonly wish: Features["wish"];
  readonly model: string | null;
  readonly wish_price: Price | null;
  readonly requested_provider: string | null;
  readonly offered_by: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
};

export function recordFeatures(features: Features): RecordedFeatures {
  return {
    surface: features.surface,
    task: features.task,
    stream: features.streamed,
    message_count: features.messageCount,
    prompt_chars: features.promptChars,
    prompt_tokens: features.promptTokens,
    max_output_tokens: features.maxOutputTokens,
    choices: features.choices,
    has_tools: features.hasTools,
    has_images: features.hasImages,
    opaque_content: features.opaqueContent,
    scan_incomplete: features.scanIncomplete,
    signals: features.signals,
    wish: features.wish,
    model: features.model,
    wish_price: features.wishPrice,
    requested_provider: features.requestedProvider,
    offered_by: features.offeredBy,
    labels: features.labels,
  };
}

/** Null where something is missing or of another type, as in a row of a version that knew other features. */
export function readFeatures(recorded: JsonValue): Features | null {
  if (!isJsonObject(recorded)) return null;
  const surface = SURFACES.find((name) => name === recorded["surface"]);
  const task = TASKS.find((name) => name === recorded["task"]);
  const wish = WISHES.find((name) => name === recorded["wish"]);
  if (surface === undefined || task === undefined || wish === undefined) return null;
  const read = {
    surface,
    task,
    wish,
    streamed: recorded["stream"],
    messageCount: recorded["message_count"],
    promptChars: recorded["prompt_chars"],
    promptTokens: recorded["prompt_tokens"],
    maxOutputTokens: recorded["max_output_tokens"],
    choices: recorded["choices"],
    hasTools: recorded["has_tools"],
    hasImages: recorded["has_images"],
    opaqueContent: recorded["opaque_content"],
    scanIncomplete: recorded["scan_incomplete"],
    signals: recorded["signals"],
    model: recorded["model"],
    wishPrice: recorded["wish_price"],
    requestedProvider: recorded["requested_provider"],
    offeredBy: recorded["offered_by"],
    labels: recorded["labels"],
  };
  return isFeatures(read) ? read : null;
}

const WISHES = ["auto", "known", "other"] as const satisfies readonly Features["wish"][];

type Read = Readonly<Record<keyof Features, JsonValue | undefined>>;

const isFeatures = (read: Read): read is Read & Features =>
  isCount(read.messageCount) &&
  isCount(read.promptChars) &&
  isCount(read.choices) &&
  isNullOr(isCount, read.promptTokens) &&
  isNullOr(isCount, read.maxOutputTokens) &&
  [read.streamed, read.hasTools, read.hasImages, read.opaqueContent, read.scanIncomplete].every(isBoolean) &&
  isNullOr(isString, read.model) &&
  isNullOr(isString, read.requestedProvider) &&
  isNullOr(isPrice, read.wishPrice) &&
  isStrings(read.signals) &&
  isStrings(read.offeredBy) &&
  isJsonObject(read.labels) &&
  Object.values(read.labels).every(isString);

type Check = (value: JsonValue | undefined) => boolean;
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isBoolean: Check = (value) => typeof value === "boolean";
const isString: Check = (value) => typeof value === "string";
const isNullOr = (check: Check, value: JsonValue | undefined): boolean => value === null || check(value);
const isStrings: Check = (value) => Array.isArray(value) && value.every(isString);
const isPrice: Check = (value) => isJsonObject(value) && isCount(value["input"]) && isCount(value["output"]);
