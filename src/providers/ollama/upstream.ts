import type { ProviderFailure } from "../../core/chat.ts";
import { LOCAL_ZONE, type ProviderId, type Zone } from "../../core/decision.ts";
import type { Hints, Upstream } from "../failures.ts";

type Named = { readonly id: ProviderId; readonly zone: Zone; readonly baseUrl: string; readonly hints: Hints };

export type OllamaUpstream = Upstream & {
  /** What the messages of the operator's own settings call the place where it listens. */
  readonly address: string;
  readonly zone: Zone;
};

/** A provider of the policy goes by the name that the policy gives it; that of the settings is the only one there is. */
export function describeUpstream({ id, zone, baseUrl, hints }: Named): OllamaUpstream {
  if (hints === "policy") {
    return {
      label: `The provider "${id}"`,
      baseUrl,
      zone,
      address: `the base_url of "${id}"`,
      unreachableHint: "Start it with `ollama serve`, or set its base_url in the policy to where it listens.",
      authenticationHint: "Check what stands in front of its base_url in the policy.",
      modelHint: (model) => `Run \`ollama pull ${model}\` there, or change its models in the policy.`,
    };
  }
  return {
    label: "Ollama",
    baseUrl,
    zone,
    address: "OLLAMA_BASE_URL",
    unreachableHint: "Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it listens.",
    authenticationHint: "Check what stands in front of OLLAMA_BASE_URL.",
    modelHint: (model) =>
      `Run \`ollama pull ${model}\`, or set OLLAMA_MODEL (OLLAMA_EMBEDDING_MODEL for embeddings) to one it has.`,
  };
}

export function listTimedOut({ label }: Upstream): ProviderFailure {
  return { category: "timeout", message: `${label} did not say in time which models it has.` };
}

export function missing(model: string, upstream: Upstream): ProviderFailure {
  const message = `${upstream.label} does not have the model "${model}". ${upstream.modelHint(model)}`;
  return { category: "model_not_found", message };
}

export function unproven(model: string, { address, zone }: OllamaUpstream): ProviderFailure {
  const home = zone === LOCAL_ZONE ? "local" : `in the zone "${zone}"`;
  const message = `The server at ${address} does not say where "${model}" runs, and this request must stay ${home}.`;
  return { category: "remote_model", message };
}

/** In whatever zone it stands, a server that hands a prompt on is not where policy let it go. */
export function remoteModel(model: string, { label, zone }: OllamaUpstream): ProviderFailure {
  const consequence =
    zone === LOCAL_ZONE
      ? "which is not local. Use one that runs on your machine."
      : `out of the zone "${zone}". Use one that the server runs itself.`;
  return {
    category: "remote_model",
    message: `${label} forwards the model "${model}" to a remote host, ${consequence}`,
  };
}

export function blind(model: string): ProviderFailure {
  const message = `The model "${model}" does not take images. Use one that does.`;
  return { category: "bad_request", message, unasked: true };
}

export function otherDimensions(model: string): ProviderFailure {
  return {
    category: "bad_request",
    message: `The model "${model}" has no vectors of as many dimensions as asked for.`,
  };
}
