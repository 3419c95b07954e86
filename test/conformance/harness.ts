import { expect } from "bun:test";
import { join } from "node:path";
import type { Surface } from "../../src/core/chat.ts";
import { scratchFolder, startGateway } from "../support/gateway-process.ts";
import {
  type ScriptedServer,
  startScriptedOllama,
  startScriptedOpenAi,
  UPSTREAM_KEY,
  VISION_MODEL,
} from "../support/scripted-upstream.ts";

/** Both ways that a request can go. Every test of a client runs on each. */
export const WAYS = ["local", "cloud"] as const;
export type Way = (typeof WAYS)[number];

export const MODELS = { local: "smollm2:135m", cloud: "smollm2-135m" } as const;
/** Models that take images. */
export const VISION_MODELS = { local: VISION_MODEL, cloud: MODELS.cloud } as const;
export const PROVIDERS = { local: "local", cloud: "openai" } as const;

/** A gateway whose policy sends every prompt one way, and the model server there. */
export type Side = {
  readonly way: Way;
  readonly provider: (typeof PROVIDERS)[Way];
  readonly model: string;
  readonly url: string;
  readonly upstream: ScriptedServer;
  readonly output: { readonly stdout: string; readonly stderr: string };
};

/** Starts both gateways, once for all clients: that takes longer than most of the tests. Gives what stops them. */
export async function startSides(): Promise<() => Promise<void>> {
  const folder = scratchFolder();
  const upstreams = { local: await startScriptedOllama(), cloud: await startScriptedOpenAi() };
  const stops: (() => Promise<unknown>)[] = [];
  const starting = WAYS.map(async (way) => {
    const gateway = await startGateway(folder.path, {
      DATA_DIR: join(folder.path, way),
      OLLAMA_BASE_URL: upstreams.local.url,
      OLLAMA_MODEL: MODELS.local,
      OLLAMA_EMBEDDING_MODEL: MODELS.local,
      OPENAI_BASE_URL: `${upstreams.cloud.url}/v1`,
      OPENAI_API_KEY: UPSTREAM_KEY,
      OPENAI_MODEL: MODELS.cloud,
      DEFAULT_PROVIDER: PROVIDERS[way],
      COST_MAX_PROMPT_LENGTH_FOR_LOCAL: "0",
      ALLOW_OPAQUE_CONTENT_TO_CLOUD: "true",
      SENSITIVITY_KEYWORDS: "iban",
    });
    stops.push(() => gateway.stop());
    const { url, output } = gateway;
    running.set(way, { way, provider: PROVIDERS[way], model: MODELS[way], url, upstream: upstreams[way], output });
  });
  const stopAll = async () => {
    running.clear();
    await Promise.all(stops.map((stop) => stop()));
    await Promise.all([upstreams.local.stop(), upstreams.cloud.stop()]);
    folder.remove();
  };
  const failed = (await Promise.allSettled(starting)).find((started) => started.status === "rejected");
  if (failed === undefined) return stopAll;
  await stopAll();
  throw failed.reason;
}

const running = new Map<Way, Side>();

export function sideOf(way: Way): Side {
  const side = running.get(way);
  if (side === undefined) throw new Error("the gateways are not running");
  return side;
}

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A `fetch` for an SDK that keeps the heads of the answers, since few SDKs show them. */
export function watchedFetch(): { readonly fetch: Fetch & typeof fetch; readonly last: () => Response } {
  const answers: Response[] = [];
  const watched: Fetch = async (input, init) => {
    const response = await fetch(input, init);
    answers.push(response);
    return response;
  };
  return {
    fetch: Object.assign(watched, { preconnect: fetch.preconnect }),
    last() {
      const answer = answers.at(-1);
      if (answer === undefined) throw new Error("nothing was asked");
      return answer;
    },
  };
}

type Told = {
  readonly surface: Surface;
  readonly streamed?: boolean;
  readonly status?: string;
  readonly failureCategory?: string;
  readonly messageCount?: number;
  readonly reasonCodes?: string;
  readonly model?: string;
  readonly usage: readonly [promptTokens: number | null, completionTokens: number | null];
};

/** What the answer says of itself in its headers, and the row that is on record of it, whole. */
export async function expectOnRecord(side: Side, { headers }: Pick<Response, "headers">, told: Told): Promise<void> {
  const requestId = headers.get("x-request-id") ?? "";
  const reasonCodes = told.reasonCodes ?? "default";
  const model = told.model ?? side.model;
  expect({
    provider: headers.get("x-policy-mesh-provider"),
    model: headers.get("x-policy-mesh-model"),
    reasonCodes: headers.get("x-policy-mesh-reason-codes"),
    overheadMs: headers.get("x-policy-mesh-overhead-ms"),
  }).toEqual({
    provider: side.provider,
    model,
    reasonCodes,
    overheadMs: told.streamed === true ? null : expect.stringMatching(/^\d+(\.\d+)?$/),
  });
  expect(await auditRow(side, requestId)).toEqual({
    request_id: requestId,
    received_at: expect.any(String),
    completed_at: expect.any(String),
    status: told.status ?? "succeeded",
    surface: told.surface,
    decision: "route",
    provider: side.provider,
    zone: side.way,
    model,
    reason_codes: [reasonCodes],
    failure_category: told.failureCategory ?? null,
    message_count: told.messageCount ?? 1,
    prompt_length: expect.any(Number),
    prompt_digest: expect.stringMatching(/^hmac-sha256:/),
    usage: { prompt_tokens: told.usage[0], completion_tokens: told.usage[1] },
    latency_ms: expect.any(Number),
    streamed: told.streamed ?? false,
  });
}

/** The row once it is settled: of a request that its client broke off, that takes a moment. */
export async function auditRow(side: Side, requestId: string): Promise<Readonly<Record<string, unknown>>> {
  const deadlineMs = performance.now() + 10_000;
  while (performance.now() < deadlineMs) {
    const response = await fetch(`${side.url}/v1/audit/${requestId}`);
    const row: unknown = await response.json();
    if (isRecord(row) && row["status"] !== "pending") return row;
    await Bun.sleep(5);
  }
  throw new Error("the row was not settled in time");
}

/** The row of a request by the log since some place in it: who leaves before the answer never learns its id. */
export async function loggedRow(side: Side, since: number, status: string) {
  const deadlineMs = performance.now() + 10_000;
  while (performance.now() < deadlineMs) {
    for (const line of side.output.stdout.slice(since).split("\n")) {
      const entry: unknown = line.startsWith("{") && line.endsWith("}") ? JSON.parse(line) : null;
      if (!isRecord(entry) || entry["status"] !== status) continue;
      if (typeof entry["request_id"] === "string") return await auditRow(side, entry["request_id"]);
    }
    await Bun.sleep(5);
  }
  throw new Error("no log line told of it");
}

/** Waits until the upstream has been asked with these words. */
export async function askedWith(side: Side, words: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!side.upstream.posted().some((asked) => JSON.stringify(asked.body).includes(words))) {
    if (performance.now() > deadlineMs) throw new Error("the upstream was not asked in time");
    await Bun.sleep(2);
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a stream gave before it failed, and what it failed with; `onFirst` is called with the first item there. */
export async function untilError<T>(stream: AsyncIterable<T>, onFirst = () => {}) {
  const items: T[] = [];
  try {
    for await (const item of stream) if (items.push(item) === 1) onFirst();
  } catch (error) {
    return { items, error: error as unknown };
  }
  return { items, error: null };
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
