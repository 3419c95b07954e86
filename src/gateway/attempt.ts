import type { ChatRequest, Chunk, ProviderFailure, Usage } from "../core/chat.ts";
import type { AllowedTarget, Decision } from "../core/decision.ts";
import type { Providers } from "./deps.ts";

export type Answer = {
  readonly content: string;
  readonly model: string;
  readonly finishReason: string | null;
  readonly usage: Usage;
};

export type AttemptResult =
  | { readonly kind: "answered"; readonly target: AllowedTarget; readonly answer: Answer }
  | { readonly kind: "failed"; readonly target: AllowedTarget; readonly failure: ProviderFailure }
  | { readonly kind: "aborted"; readonly target: AllowedTarget };

type Context = {
  readonly providers: Providers;
  readonly timeoutMs: number;
  /** The caller's connection: when it goes, the upstream call is cancelled and no further target is tried. */
  readonly callerSignal: AbortSignal;
};

/** Walks the allowed targets until one answers; the last failure is the request's. */
export async function attemptInTurn(
  targets: readonly [AllowedTarget, ...AllowedTarget[]],
  request: ChatRequest,
  decision: Decision,
  context: Context,
): Promise<AttemptResult> {
  const [first, ...others] = targets;
  let result = await attempt(first, request, decision, context);
  for (const target of others) {
    if (result.kind !== "failed") break;
    result = await attempt(target, request, decision, context);
  }
  return result;
}

async function attempt(
  target: AllowedTarget,
  request: ChatRequest,
  decision: Decision,
  { providers, timeoutMs, callerSignal }: Context,
): Promise<AttemptResult> {
  const provider = providers[target.provider];
  // INVARIANT: I1, asked again right before content leaves, whatever happened since the plan was made.
  if (decision.forbiddenZones.includes(provider.zone)) throw new Error("a planned target is in a forbidden zone");
  if (callerSignal.aborted) return { kind: "aborted", target };

  const timeout = AbortSignal.timeout(timeoutMs);
  const collected = await collect(provider.chat(target, request, AbortSignal.any([callerSignal, timeout])));

  if ("answer" in collected) return { kind: "answered", target, answer: collected.answer };
  if (callerSignal.aborted) return { kind: "aborted", target };
  return { kind: "failed", target, failure: timeout.aborted ? timedOut(timeoutMs) : collected.failure };
}

/** A whole answer or a failure; an iteration that ends without saying how was cut (I7). */
async function collect(
  chunks: AsyncIterable<Chunk>,
): Promise<{ readonly answer: Answer } | { readonly failure: ProviderFailure }> {
  let content = "";
  for await (const chunk of chunks) {
    switch (chunk.kind) {
      case "text":
        content += chunk.text;
        break;
      case "end":
        return { answer: { content, model: chunk.model, finishReason: chunk.finishReason, usage: chunk.usage } };
      case "failure":
        return { failure: chunk.failure };
    }
  }
  return {
    failure: { category: "malformed_response", message: "The provider's answer ended before it was complete." },
  };
}

function timedOut(timeoutMs: number): ProviderFailure {
  const message = `The provider did not answer within ${timeoutMs / 1_000} s (PROVIDER_TIMEOUT_SECONDS).`;
  return { category: "timeout", message };
}
