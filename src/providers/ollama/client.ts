import { Ollama } from "ollama/browser";
import type { JsonObject } from "../../core/json.ts";
import type { CallLimits } from "../../core/provider.ts";
import type { Connection } from "../connection.ts";
import { guardedFetch } from "../guarded-fetch.ts";
import type { Fetch } from "../transport.ts";

export type Endpoint = "chat" | "generate" | "embed" | "embeddings";

/**
 * The SDK's client, which sends a body as it is. Its own `chat` and `generate` first look into `images`, which here are
 * a client's words: the SDK's build for Node sends the file that such a word names, and a number becomes as many bytes.
 */
class BodyClient extends Ollama {
  ask(endpoint: Endpoint, body: JsonObject): Promise<unknown> {
    return this.processStreamableRequest(endpoint, { ...body });
  }
}

/** Where a server listens, how it is called there, and within which limits. */
export type ClientOptions = CallLimits & {
  readonly baseUrl: string;
  readonly connection: Connection;
};

export function openClient({ baseUrl, connection, ...limits }: ClientOptions, signal: AbortSignal): BodyClient {
  return clientWith(baseUrl, guardedFetch(signal, { ...connection, ...limits }));
}

/**
 * The body of a streamed answer, unread. The SDK makes the request and sees the status; its reader of NDJSON is passed
 * by, since it prints lines that it cannot parse, knows no bounds, lets a stream end anywhere and throws the bytes away.
 */
export async function openStream(
  { baseUrl, connection, ...limits }: ClientOptions,
  endpoint: Endpoint,
  body: JsonObject,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array> | null> {
  const guarded = guardedFetch(signal, { ...connection, ...limits, stream: true });
  const responses: Response[] = [];
  const client = clientWith(baseUrl, async (input, init) => {
    const response = await guarded(input, init);
    responses.push(response);
    return response;
  });
  // What this gives would begin to read only when it is iterated, which nobody does.
  await client.ask(endpoint, body);
  return responses[0]?.body ?? null;
}

const clientWith = (baseUrl: string, fetchHook: Fetch): BodyClient =>
  new BodyClient({ host: baseUrl, fetch: fetchHook as typeof fetch });
