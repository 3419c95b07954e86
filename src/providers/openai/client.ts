import OpenAI from "openai";
import type { CallLimits } from "../../core/provider.ts";
import type { Connection } from "../connection.ts";
import { guardedFetch } from "../guarded-fetch.ts";

/** Beyond any that PROVIDER_TIMEOUT_SECONDS allows: how long to wait is for the signal to say. */
const SDK_TIMEOUT_MS = 2 * 3_600_000;

export type ClientOptions = {
  readonly baseUrl: string;
  /** Null: none is sent. */
  readonly apiKey: string | null;
  readonly connection: Connection;
};

export type CallOptions = CallLimits & {
  readonly signal: AbortSignal;
  /** Whether a 2xx answer is handed on unread. */
  readonly stream: boolean;
};

/**
 * The SDK's client for one call. Everything that it would otherwise read from the environment is given, so that settings
 * stay ours; it retries nothing and logs nothing.
 */
export function openClient(server: ClientOptions, { signal, ...options }: CallOptions): OpenAI {
  return new OpenAI({
    baseURL: server.baseUrl,
    apiKey: server.apiKey ?? "none",
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    defaultHeaders: server.apiKey === null ? { authorization: null } : {},
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: "off",
    fetch: guardedFetch(signal, { ...server.connection, ...options }),
  });
}
