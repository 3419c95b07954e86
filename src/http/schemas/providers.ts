import { type Static, Type } from "@sinclair/typebox";
import { CIRCUIT_STATES } from "../../core/attempts.ts";
import { FAILURE_CATEGORIES } from "../../core/chat.ts";
import { literals, nullable } from "./literals.ts";

const count = (description: string) => Type.Integer({ minimum: 0, description });

const Circuit = Type.Object({
  model: nullable(
    Type.String({ description: "Null for the provider as a whole, whose server refused the credentials." }),
  ),
  state: literals(CIRCUIT_STATES),
  recent_calls: count("That ended within the window that the policy sets."),
  recent_failures: count("Of those."),
  tries_again_in_ms: nullable(count("When a single call may try; null where calls may pass.")),
});

const Pause = Type.Object({
  model: Type.String(),
  asked_by: literals(FAILURE_CATEGORIES),
  tries_again_in_ms: count("Until the time that the provider gave; nothing is sent before."),
});

const ProviderStateBody = Type.Object({
  id: Type.String(),
  kind: literals(["ollama", "openai"]),
  zone: Type.String(),
  default_model: Type.String(),
  state: literals(["up", "down"]),
  detail: nullable(Type.String({ description: "What is wrong and what to do." })),
  in_flight: count("Calls under way."),
  queued: count("Calls that wait for a place."),
  max_concurrency: count("Calls that may be under way at once."),
  circuits: Type.Array(Circuit, {
    description: "Of models that failed lately. `open` lets no call pass, `half_open` a single one to try.",
  }),
  pauses: Type.Array(Pause, {
    description: "Models that the provider asked by `retry-after` to leave alone, and what it failed with then.",
  }),
});

export const ProvidersBody = Type.Object(
  { providers: Type.Array(ProviderStateBody) },
  { description: "How each provider of the policy fares, as this process sees it." },
);
export type ProvidersBody = Static<typeof ProvidersBody>;
