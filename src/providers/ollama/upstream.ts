import type { ProviderFailure } from "../../core/chat.ts";
import type { Upstream } from "../failures.ts";

export function describeUpstream(baseUrl: string): Upstream {
  return {
    label: "Ollama",
    baseUrl,
    unreachableHint: "Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it listens.",
    authenticationHint: "Check what stands in front of OLLAMA_BASE_URL.",
    modelHint: (model) =>
      `Run \`ollama pull ${model}\`, or set OLLAMA_MODEL (OLLAMA_EMBEDDING_MODEL for embeddings) to one it has.`,
  };
}

export const LIST_TIMED_OUT: ProviderFailure = {
  category: "timeout",
  message: "Ollama did not say in time which models it has.",
};

export const CUT: ProviderFailure = {
  category: "malformed_response",
  message: "Ollama ended its answer before it was complete.",
};

export function missing(model: string, upstream: Upstream): ProviderFailure {
  const message = `Ollama does not have the model "${model}". ${upstream.modelHint(model)}`;
  return { category: "model_not_found", message };
}

export function unproven(model: string): ProviderFailure {
  const message = `The server at OLLAMA_BASE_URL does not say where "${model}" runs, and this request must stay local.`;
  return { category: "remote_model", message };
}

export function remoteModel(model: string): ProviderFailure {
  return {
    category: "remote_model",
    message: `Ollama forwards the model "${model}" to a remote host, which is not local. Use one that runs on your machine.`,
  };
}

export function blind(model: string): ProviderFailure {
  return { category: "bad_request", message: `The model "${model}" does not take images. Use one that does.` };
}

export function otherDimensions(model: string): ProviderFailure {
  return {
    category: "bad_request",
    message: `The model "${model}" has no vectors of as many dimensions as asked for.`,
  };
}
