import { OPENAI_DEFAULT_BASE_URL } from "../config/config.ts";
import { type Environment, settingOf } from "../config/environment.ts";
import type { ProviderId } from "../core/decision.ts";
import type { Provider } from "../core/provider.ts";
import type { PolicyDocument } from "../policy/document.ts";
import { createOllama } from "../providers/ollama.ts";
import { createOpenAi } from "../providers/openai.ts";
import type { Transport } from "../providers/transport.ts";

/** By which `fetch` goes through a proxy, in either case; `NO_PROXY` takes names out again, which no call here relies on. */
const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] as const;

/** The client of a provider as the policy defines it. Its key is read here and nowhere else. */
export function createProvider(
  id: ProviderId,
  { providers }: PolicyDocument,
  environment: Environment,
  source: "built-in" | "file",
  transport?: Transport,
): Provider {
  const definition = providers[id];
  if (definition === undefined) throw new Error("a provider that the policy does not define");
  const { kind, zone, base_url: baseUrl, default_model: defaultModel, api_key: reference } = definition;
  const hints = source === "built-in" ? ("settings" as const) : ("policy" as const);
  const shared = {
    id,
    zone,
    baseUrl: baseUrl.replace(/\/+$/, ""),
    defaultModel,
    hints,
    ...(definition.allowed_addresses === undefined ? {} : { allowedAddresses: definition.allowed_addresses }),
    ...(transport === undefined ? {} : { transport }),
  };
  const defaultEmbeddingModel = definition.default_embedding_model ?? null;
  if (kind === "ollama") return createOllama({ ...shared, defaultEmbeddingModel });
  const apiKey = reference === undefined ? null : settingOf(environment, reference.slice(2, -1));
  return createOpenAi({
    ...shared,
    defaultEmbeddingModel,
    apiKey,
    viaProxy: PROXY_VARIABLES.some((name) => isSet(environment, name)),
    // OpenAI itself needs a key; a server at another address may not.
    needsKey: shared.baseUrl === OPENAI_DEFAULT_BASE_URL,
  });
}

const isSet = (environment: Environment, name: string): boolean =>
  settingOf(environment, name) !== null || settingOf(environment, name.toLowerCase()) !== null;
