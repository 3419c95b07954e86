import { isJsonObject, type JsonObject, type JsonValue } from "../../src/core/json.ts";
import { type Folder, loadExchange } from "./replay-upstream.ts";

/** The body of a recorded answer that came whole. */
export async function recordedBody(folder: Folder, scenario: string): Promise<JsonObject> {
  return toObject(await recordedText(folder, scenario));
}

/** The records of a recorded stream, NDJSON or SSE, without `[DONE]`. */
export async function recordedStream(folder: Folder, scenario: string): Promise<readonly JsonObject[]> {
  const lines = (await recordedText(folder, scenario)).split("\n").map((line) => line.replace(/^data: /, ""));
  return lines.filter((line) => line !== "" && line !== "[DONE]").map(toObject);
}

async function recordedText(folder: Folder, scenario: string): Promise<string> {
  return (await loadExchange(folder, scenario)).response.chunks.map((chunk) => chunk.text).join("");
}

export function toObject(text: string): JsonObject {
  const value: JsonValue = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error("this is no JSON object");
  return value;
}

export const objectAt = (value: JsonObject, key: string): JsonObject => {
  const found = value[key];
  return isJsonObject(found) ? found : {};
};

export function objectsAt(value: JsonObject, key: string): readonly JsonObject[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter(isJsonObject) : [];
}

export function numbersAt(value: JsonObject, key: string): readonly number[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter((item) => typeof item === "number") : [];
}
