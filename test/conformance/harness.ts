import { expect } from "bun:test";
import type { Surface } from "../../src/core/chat.ts";
import { until as waitUntil } from "../support/until.ts";
import type { Side } from "./gateways.ts";

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

type Head = Pick<Response, "status" | "headers">;

/** A `fetch` for an SDK that keeps the head of the last answer, since few SDKs show it. For one call at a time. */
export function watchedFetch() {
  let last: Head | null = null;
  const watched: Fetch = async (input, init) => {
    last = null;
    const response = await fetch(input, init);
    last = { status: response.status, headers: response.headers };
    return response;
  };
  const asFetch = (own: Fetch): typeof fetch => Object.assign(own, { preconnect: fetch.preconnect });
  return {
    fetch: asFetch(watched),
    /** The same for a caller who leaves with the signal. */
    until: (signal: AbortSignal) => asFetch((input, init) => watched(input, { ...init, signal })),
    last(): Head {
      if (last === null) throw new Error("nothing was answered");
      return last;
    },
  };
}

/** What is on record of a body with an image in it, whether or not policy minds. */
export const WITH_IMAGE = { "scan.opaque_part": expect.any(Number) };

type Told = {
  readonly surface: Surface;
  readonly streamed?: boolean;
  readonly status?: string;
  readonly failureCategory?: string;
  readonly messageCount?: number;
  readonly reasonCodes?: string;
  /** Of a body with nothing sensitive there is none. */
  readonly findings?: Readonly<Record<string, number>>;
  readonly model?: string;
  readonly usage: readonly [promptTokens: number | null, completionTokens: number | null];
};

/** What the answer says of itself in its headers, and the row that is on record of it, whole. */
export async function expectOnRecord(side: Side, { headers }: Pick<Response, "headers">, told: Told): Promise<void> {
  const requestId = headers.get("x-request-id") ?? "";
  const reasonCodes = told.reasonCodes ?? "default";
  const model = told.model ?? side.model;
  const attempt = {
    provider: side.provider,
    model,
    result: told.failureCategory ?? (told.status === "client_aborted" ? "left" : "answered"),
    sent: true,
    duration_ms: expect.any(Number),
  };
  expect({
    provider: headers.get("x-policy-mesh-provider"),
    model: headers.get("x-policy-mesh-model"),
    reasonCodes: headers.get("x-policy-mesh-reason-codes"),
    attempts: headers.get("x-policy-mesh-attempts"),
    overheadMs: headers.get("x-policy-mesh-overhead-ms"),
  }).toEqual({
    provider: side.provider,
    model,
    reasonCodes,
    attempts: "1",
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
    answered_provider: side.provider,
    answered_zone: side.way,
    answered_model: model,
    reason_codes: [reasonCodes],
    findings: told.findings ?? {},
    scan_ruleset: expect.stringMatching(/^\d+\.\d+\.\d+:[0-9a-f]{64}$/),
    failure_category: told.failureCategory ?? null,
    message_count: told.messageCount ?? 1,
    prompt_length: expect.any(Number),
    prompt_digest: expect.stringMatching(/^hmac-sha256:/),
    policy: { hash: expect.stringMatching(/^sha256:/) },
    rule: expect.any(String),
    features: expect.objectContaining({ surface: told.surface, stream: told.streamed ?? false }),
    shadow: [],
    usage: { prompt_tokens: told.usage[0], completion_tokens: told.usage[1] },
    // The cloud model of these tests is in no table of prices.
    cost_micros: side.way === "local" ? 0 : null,
    latency_ms: expect.any(Number),
    attempts: [attempt],
    streamed: told.streamed ?? false,
    instance: { id: expect.any(String), seq: expect.any(Number) },
  });
}

const DEADLINE_MS = 10_000;

/** Waits for something that comes soon, by itself; says what it was if it does not. */
export const until = (isTrue: () => boolean | Promise<boolean>, event: string): Promise<void> =>
  waitUntil(isTrue, event, DEADLINE_MS);

/** The row once it is settled: of a request that its client broke off, that takes a moment. */
export async function auditRow(side: Side, requestId: string): Promise<Readonly<Record<string, unknown>>> {
  let row: unknown = null;
  await until(async () => {
    const response = await fetch(`${side.url}/v1/audit/${requestId}`);
    row = await response.json();
    return response.ok && isRecord(row) && row["status"] !== "pending";
  }, "the row is settled");
  return isRecord(row) ? row : {};
}

/**
 * The row of a request by the log: who leaves before the answer never learns its id. That says when the request came, so
 * lines of earlier ones that come late are not taken for it.
 */
export async function loggedRow(side: Side, sinceMs: number, status: string) {
  const find = () =>
    side.output.stdout
      .split("\n")
      .map((line): unknown => (line.startsWith("{") && line.endsWith("}") ? JSON.parse(line) : null))
      .find((entry) => isRecord(entry) && entry["status"] === status && msOf(String(entry["request_id"])) >= sinceMs);
  await until(() => find() !== undefined, "a log line tells of the request");
  const entry = find();
  return await auditRow(side, isRecord(entry) ? String(entry["request_id"]) : "");
}

/** The time in a UUIDv7 (RFC 9562, 5.7). */
const msOf = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);

/** A call as curl would make it. */
export const postJson = (
  side: Pick<Side, "url">,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
) =>
  fetch(`${side.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

/** Those by which a browser decides what a web page gets. */
export const corsHeaders = ({ headers }: Response): Readonly<Record<string, string>> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));

/** Waits until the log has all of these words. */
export const expectLogged = ({ output }: Side, words: readonly string[]): Promise<void> =>
  until(() => words.every((word) => output.stdout.includes(word)), `the log holds ${words.join(" and ")}`);

/** Waits until the upstream has been asked with these words. */
export const askedWith = (side: Side, words: string): Promise<void> =>
  until(
    () => side.upstream.posted().some((asked) => JSON.stringify(asked.body).includes(words)),
    "the upstream is asked",
  );

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
