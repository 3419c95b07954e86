import { createHash } from "node:crypto";
import type { ProviderId } from "../core/decision.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { AUTO_MODEL, parseModelWish, wishOf, withOllamaTag } from "../core/models.ts";
import type { KnownModel } from "../core/provider.ts";
import { Refusal } from "./problem.ts";
import type { OllamaShowBody } from "./schemas/ollama-show.ts";

/** What Ollama clients ask about models and server, said of the gateway's own. No host, file path or prompt goes out. */

/**
 * The version whose protocol the gateway speaks, whatever answers behind it. Clients compare it with a least version
 * (VS Code's Copilot wants 0.6.4) and do without features below it.
 */
export const OLLAMA_PROTOCOL_VERSION = "0.24.0";

export const versionBody = (): JsonObject => ({ version: OLLAMA_PROTOCOL_VERSION });

/** How a client is to name a provider's model. */
export type ClientName = (model: string) => string;

/** One provider's models, and how clients name them. */
export type Catalog<T> = { readonly isOllama: boolean; readonly nameOf: ClientName; readonly models: readonly T[] };

/** `GET /api/tags`: `auto` first, then each catalog's models. */
export function tagsBody(catalogs: readonly Catalog<KnownModel>[]): JsonObject {
  return {
    models: [
      tagOf(withOllamaTag(AUTO_MODEL), AUTO_FAMILY, null),
      ...catalogs.flatMap(({ isOllama, nameOf, models }) =>
        models.map(({ name, listing }) => tagOf(nameOf(name), isOllama ? "" : CLOUD_FAMILY, listing)),
      ),
    ],
  };
}

/** `GET /api/ps`, from what Ollama servers say is in their memory. */
export function psBody(catalogs: readonly Catalog<JsonObject>[]): JsonObject {
  return { models: catalogs.flatMap(({ nameOf, models }) => models.flatMap((model) => runningOf(model, nameOf))) };
}

function runningOf(model: JsonObject, nameOf: ClientName): readonly JsonObject[] {
  const { name } = model;
  if (typeof name !== "string") return [];
  return [
    {
      name: nameOf(name),
      model: nameOf(name),
      size: model["size"] ?? 0,
      digest: model["digest"] ?? digestOf(name),
      details: detailsOf("", model["details"]),
      expires_at: model["expires_at"] ?? UNKNOWN_TIME,
      size_vram: model["size_vram"] ?? 0,
      context_length: model["context_length"] ?? 0,
    },
  ];
}

/** Which model a client wants shown; null is `auto`. */
export function modelToShow(body: OllamaShowBody): string | null {
  const name = [body.model, body.name].find((given) => typeof given === "string" && given !== "");
  if (typeof name !== "string")
    throw new Refusal("request.invalid_field", "model: Expected a model's name.", { field: "model" });
  return wishOf(name);
}

/** `POST /api/show` of a local model, of what the local server says of it: what clients decide by, and no more. */
export function localShowBody(described: JsonObject): JsonObject {
  const { parameters, capabilities } = described;
  return {
    ...(typeof parameters === "string" ? { parameters } : {}),
    details: detailsOf("", described["details"]),
    model_info: modelInfoOf(described["model_info"]),
    capabilities: Array.isArray(capabilities) ? capabilities : ["completion"],
    modified_at: described["modified_at"] ?? UNKNOWN_TIME,
  };
}

/** `POST /api/show` of `auto` (null) or a model of no Ollama server: the gateway knows no more of it than that it chats. */
export function remoteShowBody(model: string | null): JsonObject {
  const family = model === null ? AUTO_FAMILY : CLOUD_FAMILY;
  return {
    details: detailsOf(family, undefined),
    // Clients look for `<architecture>.context_length` and have a default where it is missing.
    model_info: { "general.architecture": family, "general.basename": model ?? AUTO_MODEL },
    capabilities: ["completion", "tools"],
    modified_at: UNKNOWN_TIME,
  };
}

const AUTO_FAMILY = "policy-mesh";
const CLOUD_FAMILY = "openai";
/** Clients want a date. The year 1, Go's own word for none, is more than some time zones can take. */
const UNKNOWN_TIME = "1970-01-01T00:00:00Z";
const MAX_INFO_LENGTH = 256;

/**
 * The models of the first Ollama provider go by their own names, as its clients know them, unless one would be read as
 * `auto` or as another provider's; all others by `<provider>/<name>`.
 */
export function clientNames(provider: ProviderId, isFirst: boolean, providers: readonly ProviderId[]): ClientName {
  const isPlain = (name: string) =>
    isFirst && wishOf(name) !== null && parseModelWish(name, providers).provider === null;
  return (name) => (isPlain(name) ? name : `${provider}/${name}`);
}

function tagOf(name: string, family: string, listing: JsonObject | null): JsonObject {
  return {
    name,
    model: name,
    modified_at: listing?.["modified_at"] ?? createdTime(listing?.["created"]),
    size: listing?.["size"] ?? 0,
    digest: listing?.["digest"] ?? digestOf(name),
    details: detailsOf(family, listing?.["details"]),
  };
}

/** OpenAI's `created`, seconds since 1970. */
function createdTime(created: JsonValue | undefined): string {
  if (typeof created !== "number" || !(created > 0 && created <= END_OF_9999_SECONDS)) return UNKNOWN_TIME;
  return new Date(created * 1_000).toISOString();
}

/** The end of the year 9999. */
const END_OF_9999_SECONDS = 253_402_300_799;

/** `parent_model` stays empty: it may be the path of a file on the server. */
function detailsOf(family: string, details: JsonValue | undefined): JsonObject {
  const known = isJsonObject(details) ? details : {};
  return {
    parent_model: "",
    format: known["format"] ?? "",
    family: known["family"] ?? family,
    families: known["families"] ?? (family === "" ? null : [family]),
    parameter_size: known["parameter_size"] ?? "",
    quantization_level: known["quantization_level"] ?? "",
  };
}

/** Numbers, switches and short words; the tokenizer's part holds the chat template. */
function modelInfoOf(info: JsonValue | undefined): JsonObject {
  if (!isJsonObject(info)) return {};
  return Object.fromEntries(
    Object.entries(info).filter(([key, value]) => !key.startsWith("tokenizer.") && isShortScalar(value)),
  );
}

const isShortScalar = (value: JsonValue): boolean =>
  typeof value === "number" ||
  typeof value === "boolean" ||
  (typeof value === "string" && value.length <= MAX_INFO_LENGTH);

/** Clients tell models apart by their digests. */
const digestOf = (name: string): string => createHash("sha256").update(name).digest("hex");
