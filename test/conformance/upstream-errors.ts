import OpenAI from "openai";
import type { FailureCategory } from "../../src/core/chat.ts";
import type { Script } from "../support/scripted-server.ts";
import { WAYS, type Way } from "./gateways.ts";

/** What an upstream does, and what a client is to see of it. */
export type Expected = {
  readonly ways: readonly Way[];
  readonly script: Script;
  readonly status: number;
  readonly raises: typeof OpenAI.BadRequestError | typeof OpenAI.NotFoundError | typeof OpenAI.InternalServerError;
  readonly type: string;
  readonly code: string;
  readonly category: FailureCategory;
  readonly retry: boolean;
};

export const UPSTREAM_ERRORS: readonly Expected[] = [
  {
    ways: WAYS,
    script: "bad-request",
    status: 400,
    raises: OpenAI.BadRequestError,
    type: "invalid_request_error",
    code: "provider.bad_request",
    category: "bad_request",
    retry: false,
  },
  {
    ways: WAYS,
    script: "context-length",
    status: 400,
    raises: OpenAI.BadRequestError,
    type: "invalid_request_error",
    code: "context_length_exceeded",
    category: "context_length",
    retry: false,
  },
  {
    ways: WAYS,
    script: "unauthorized",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.authentication",
    category: "authentication",
    retry: false,
  },
  {
    ways: WAYS,
    script: "forbidden",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.authentication",
    category: "authentication",
    retry: false,
  },
  {
    ways: WAYS,
    script: "not-found",
    status: 404,
    raises: OpenAI.NotFoundError,
    type: "not_found_error",
    code: "model_not_found",
    category: "model_not_found",
    retry: false,
  },
  {
    ways: WAYS,
    script: "rate-limited",
    status: 429,
    raises: OpenAI.RateLimitError,
    type: "rate_limit_error",
    code: "rate_limit_exceeded",
    category: "rate_limited",
    retry: true,
  },
  {
    ways: WAYS,
    script: "failing",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.upstream_error",
    category: "upstream_error",
    retry: true,
  },
  {
    ways: WAYS,
    script: "unavailable",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.upstream_error",
    category: "upstream_error",
    retry: true,
  },
  {
    ways: ["cloud"],
    script: "content-filter",
    status: 400,
    raises: OpenAI.BadRequestError,
    type: "invalid_request_error",
    code: "content_filter",
    category: "content_filter",
    retry: false,
  },
  {
    ways: ["local"],
    script: "remote-host",
    status: 502,
    raises: OpenAI.InternalServerError,
    type: "upstream_error",
    code: "provider.remote_model",
    category: "remote_model",
    retry: false,
  },
];
