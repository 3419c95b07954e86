import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import OpenAI from "openai";
import type { ChatRequest, Chunk, ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import { isLoopbackHost } from "../core/hosts.ts";
import { reportedModel } from "../core/models.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok } from "../core/result.ts";
import { malformed, toFailure, type Upstream } from "./failures.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { ModelList } from "./model-list.ts";
import { TokenCount } from "./token-count.ts";

/** `GET /models`. */
const Models = Type.Object({ data: Type.Array(Type.Object({ id: Type.String({ minLength: 1 }) })) });

/** `POST /chat/completions` without `stream`. */
const Completion = Type.Object({
  model: Type.Optional(Type.String()),
  choices: Type.Array(
    Type.Object({
      finish_reason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      message: Type.Object({
        content: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        refusal: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      }),
    }),
    { minItems: 1 },
  ),
  usage: Type.Optional(
    Type.Union([Type.Object({ prompt_tokens: TokenCount, completion_tokens: TokenCount }), Type.Null()]),
  ),
});

/** Beyond any that PROVIDER_TIMEOUT_SECONDS allows: how long to wait is for the signal to say. */
const SDK_TIMEOUT_MS = 2 * 3_600_000;

export type OpenAiOptions = {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly defaultModel: string;
  /** OpenAI itself needs a key; a server at another address may not. */
  readonly needsKey: boolean;
};

export function createOpenAi(options: OpenAiOptions): Provider {
  const upstream: Upstream = {
    label: "The OpenAI-compatible provider",
    baseUrl: options.baseUrl,
    unreachableHint: "Check OPENAI_BASE_URL and the network.",
    authenticationHint: "Check OPENAI_API_KEY.",
    modelHint: () => "Set OPENAI_MODEL to one it has.",
  };
  const unconfigured: ProviderFailure | null =
    options.needsKey && options.apiKey === null
      ? {
          category: "authentication",
          message: "The cloud provider is not configured. Set OPENAI_API_KEY, or DEFAULT_PROVIDER=local.",
        }
      : null;

  const direct = isLoopbackHost(new URL(options.baseUrl).hostname);
  // Everything that the SDK would otherwise read from the environment is given, so that settings stay ours.
  const client = (signal: AbortSignal) =>
    new OpenAI({
      baseURL: options.baseUrl,
      apiKey: options.apiKey ?? "none",
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      defaultHeaders: options.apiKey === null ? { authorization: null } : {},
      maxRetries: 0,
      timeout: SDK_TIMEOUT_MS,
      logLevel: "off",
      fetch: guardedFetch(signal, { direct }),
    });

  const models = new ModelList(async (signal) => {
    if (unconfigured !== null) return err(unconfigured);
    try {
      const page: unknown = await client(signal).models.list();
      if (!Value.Check(Models, page)) return err(malformed(upstream));
      return ok(page.data.map((model) => ({ name: model.id, remote: false })));
    } catch (thrown) {
      if (signal.aborted) {
        return err({ category: "timeout", message: `${upstream.label} did not say in time which models it has.` });
      }
      return err(toFailure(thrown, upstream, options.defaultModel));
    }
  });

  async function* chat(target: AllowedTarget, request: ChatRequest, signal: AbortSignal): AsyncIterable<Chunk> {
    if (unconfigured !== null) {
      yield { kind: "failure", failure: unconfigured };
      return;
    }
    try {
      const messages = request.messages.map(({ role, content }) => ({ role, content }));
      const completion: unknown = await client(signal).chat.completions.create({ model: target.model, messages });
      yield* toChunks(completion, target.model, upstream);
    } catch (thrown) {
      yield { kind: "failure", failure: toFailure(thrown, upstream, target.model) };
    }
  }

  return {
    id: "openai",
    zone: "cloud",
    defaultModel: options.defaultModel,
    chat,
    has: (model) => models.has(model),
    check: (maxAgeMs) => models.check(maxAgeMs),
  };
}

function* toChunks(completion: unknown, model: string, upstream: Upstream): Iterable<Chunk> {
  const choice = Value.Check(Completion, completion) ? completion.choices[0] : undefined;
  const text = choice?.message.content ?? choice?.message.refusal;
  if (!Value.Check(Completion, completion) || choice === undefined) {
    yield { kind: "failure", failure: malformed(upstream) };
  } else if (choice.finish_reason === "content_filter") {
    const message = `${upstream.label} cut the answer by its content filter.`;
    yield { kind: "failure", failure: { category: "content_filter", message } };
  } else if (text === undefined || text === null) {
    yield { kind: "failure", failure: malformed(upstream) };
  } else {
    yield { kind: "text", text };
    yield {
      kind: "end",
      model: reportedModel(completion.model, model),
      finishReason: choice.finish_reason ?? null,
      usage: {
        promptTokens: completion.usage?.prompt_tokens ?? null,
        completionTokens: completion.usage?.completion_tokens ?? null,
      },
    };
  }
}
