import { numbersAt, objectsAt, recordedBody } from "../support/scripted-recordings.ts";
import type { Way } from "./gateways.ts";

/** What the recorded answers say, by the way that a request goes. Usage: tokens of the prompt, of the answer. */

type Fact = { readonly text: string; readonly usage: readonly [number, number] };
type Facts = Readonly<Record<Way, Fact>>;

export const QUESTION = "What is the capital of France? Answer in one short sentence.";
export const WEATHER_QUESTION = "What is the weather in Lisbon?";
export const OPENING = "The capital of France is";
export const TOOL_RESULT = "18 degrees";

export const CHAT: Facts = {
  local: { text: "The capital of France is Paris, a city steeped in history and culture.", usage: [22, 16] },
  cloud: { text: "The capital of France is Paris.", usage: [22, 8] },
};

export const CUT_SHORT: Facts = {
  local: { text: "The capital of France is", usage: [22, 5] },
  cloud: { text: "The capital of France is", usage: [22, 5] },
};

/** What a model answers in the schema of a place. */
export const PLACE: Readonly<Record<Way, Fact & { readonly value: object }>> = {
  local: {
    text: '{\n  "city" : "Paris",\n  "country": "France"}',
    usage: [22, 17],
    value: { city: "Paris", country: "France" },
  },
  cloud: {
    text: '{\n  "city": "Paris",\n  "country": "FRANCE"\n}',
    usage: [22, 24],
    value: { city: "Paris", country: "FRANCE" },
  },
};

export const COMPLETION: Readonly<Record<Way, Fact & { readonly finishReason: "stop" | "length" }>> = {
  local: {
    text: "Paris, the capital city of France, is a vibrant and culturally rich metropolis that has been shaped by centuries of history. The French language plays a significant role in shaping the culture and identity of Paris, with many iconic landmarks like Notre Dame Cathedral serving as a testament to this heritage.",
    usage: [14, 57],
    finishReason: "stop",
  },
  cloud: {
    text: " Paris.\n\nThe United States has a population of approximately 311",
    usage: [5, 16],
    finishReason: "length",
  },
};

export const CALL_USAGE = { local: [168, 33], cloud: [188, 33] } as const;

/** The answer once the tool's result is there. */
export const AFTER_CALL: Facts = {
  local: {
    text: 'You can use the `format` method to create a string with the desired format, which is "{temperature}°C", where "celsius" represents the temperature in Celsius and "fahrenheit" represents the temperature in Fahrenheit. This allows you to easily convert between these two scales.',
    usage: [224, 58],
  },
  cloud: CHAT.cloud,
};

export const WEATHER_PARAMETERS = {
  type: "object",
  properties: { city: { type: "string", description: "Name of the city" } },
  required: ["city"],
};

export const PLACE_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, country: { type: "string" } },
  required: ["city", "country"],
  additionalProperties: false,
};

/** A PNG of one pixel. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Tokens of the prompt and, as the row has them, of the answer, where nothing is completed. */
const EMBEDDING_USAGE = { local: [2, null], cloud: [1, null] } as const;

/** The vectors of two inputs as the upstream gives them; a client may get them at the precision of 32 bits. */
export async function embeddingFacts(way: Way) {
  return { vectors: await recordedVectors(way), usage: EMBEDDING_USAGE[way] };
}

async function recordedVectors(way: Way): Promise<readonly (readonly number[])[]> {
  if (way === "local") {
    const { embeddings } = await recordedBody("ollama", "embed");
    return Array.isArray(embeddings) ? embeddings.map((vector) => numbersAt({ vector }, "vector")) : [];
  }
  const [only] = objectsAt(await recordedBody("llama-server", "embeddings-float-embedding-server"), "data");
  const vector = only === undefined ? [] : numbersAt(only, "embedding");
  return [vector, vector.map((x) => -x)];
}

export const inSinglePrecision = (vectors: readonly (readonly number[])[]): number[][] =>
  vectors.map((vector) => [...new Float32Array(vector)]);
