import type { ProviderFailure } from "../../core/chat.ts";
import type { ProviderId } from "../../core/decision.ts";
import type { Hints, Upstream } from "../failures.ts";

type Named = { readonly id: ProviderId; readonly baseUrl: string; readonly hints: Hints };

/** A provider of the policy goes by the name that the policy gives it; that of the settings is the only one there is. */
export function describeUpstream({ id, baseUrl, hints }: Named): Upstream {
  if (hints === "policy") {
    return {
      label: `The provider "${id}"`,
      baseUrl,
      unreachableHint: "Check its base_url in the policy, and the network.",
      authenticationHint: "Check the variable that its api_key in the policy names.",
      modelHint: () => "Name one that GET /v1/models lists, or change its models in the policy.",
    };
  }
  return {
    label: "The OpenAI-compatible provider",
    baseUrl,
    unreachableHint: "Check OPENAI_BASE_URL and the network.",
    authenticationHint: "Check OPENAI_API_KEY.",
    modelHint: () => "Name one that GET /v1/models lists; OPENAI_MODEL is the default for chats.",
  };
}

export function unconfigured({ id, hints }: Pick<Named, "id" | "hints">): ProviderFailure {
  const message =
    hints === "policy"
      ? `The provider "${id}" has no key. Give it an api_key in the policy, and set the variable that it names.`
      : "The cloud provider is not configured. Set OPENAI_API_KEY, or DEFAULT_PROVIDER=local.";
  return { category: "authentication", message, unasked: true };
}

export function forwarded(model: string): ProviderFailure {
  const message = `By its name Ollama forwards the model "${model}" to a remote host, which is not local.`;
  return { category: "remote_model", message, unasked: true };
}
