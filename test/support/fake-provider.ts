import type { ChatRequest, Chunk } from "../../src/core/chat.ts";
import type { AllowedTarget, ProviderId } from "../../src/core/decision.ts";
import type { Availability, Provider, ProviderState } from "../../src/core/provider.ts";

export type Call = { readonly target: AllowedTarget; readonly request: ChatRequest };

/** A provider that yields what it is told and keeps what it was given. */
export function fakeProvider(id: ProviderId, onCall: () => void = () => {}) {
  const calls: Call[] = [];
  const models = new Map<string, Availability>();
  let unlisted: Availability = "no";
  let behave: (call: Call, signal: AbortSignal) => AsyncIterable<Chunk> = (call) =>
    answer(`from ${id}`, call.target.model);
  const provider: Provider = {
    id,
    zone: id === "local" ? "local" : "cloud",
    defaultModel: `${id}-default`,
    chat(target, request, signal) {
      onCall();
      calls.push({ target, request });
      return behave({ target, request }, signal);
    },
    has: (model) => models.get(model) ?? unlisted,
    async check(): Promise<ProviderState> {
      return { status: "up", modelCount: models.size };
    },
  };
  return {
    provider,
    calls,
    models,
    listsNothing() {
      unlisted = "unknown";
    },
    behaves(behaviour: typeof behave) {
      behave = behaviour;
    },
  };
}

export async function* answer(text: string, model: string): AsyncIterable<Chunk> {
  yield { kind: "text", text };
  yield { kind: "end", model, finishReason: "stop", usage: { promptTokens: 3, completionTokens: 5 } };
}

export async function* fails(
  category: Extract<Chunk, { kind: "failure" }>["failure"]["category"],
  message = "it failed",
): AsyncIterable<Chunk> {
  yield { kind: "failure", failure: { category, message } };
}
