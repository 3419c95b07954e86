import type { Features } from "../../src/core/features.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";

/** A machine of one's own and a cloud, one signal of each kind, and no rule: all goes to the cloud. */
export const PLAIN_DOCUMENT: PolicyDocument = {
  apiVersion: "policy-mesh/v1",
  name: "plain",
  version: 1,
  providers: {
    local: {
      kind: "ollama",
      zone: "local",
      base_url: "http://127.0.0.1:11434",
      default_model: "llama3.1",
      default_embedding_model: "nomic-embed-text",
    },
    cloud: {
      kind: "openai",
      zone: "cloud",
      base_url: "https://api.example.com/v1",
      default_model: "gpt-4o-mini",
    },
  },
  prices: { cloud: { "gpt-4o-mini": { input: 150_000, output: 600_000 } } },
  signals: { sensitive: { keywords: ["secret"] }, personal: { groups: ["pii"] } },
  default: { route: ["cloud"], reason: "default" },
};

/** Parts that are given stand for the plain document's own, as a whole. */
export const documentOf = (overrides: Partial<PolicyDocument> = {}): PolicyDocument => ({
  ...PLAIN_DOCUMENT,
  ...overrides,
});

export const policyOf = (overrides: Partial<PolicyDocument> = {}): CompiledPolicy =>
  compilePolicy(documentOf(overrides));

/** A short, plain chat of the native surface that leaves the model to policy. */
export const PLAIN_FEATURES: Features = {
  surface: "native",
  task: "chat",
  streamed: false,
  messageCount: 1,
  promptChars: 20,
  promptTokens: 5,
  maxOutputTokens: null,
  choices: 1,
  hasTools: false,
  hasImages: false,
  opaqueContent: false,
  scanIncomplete: false,
  signals: [],
  wish: "auto",
  model: null,
  wishPrice: null,
  requestedProvider: null,
  offeredBy: [],
  labels: {},
};

export const featuresOf = (overrides: Partial<Features> = {}): Features => ({ ...PLAIN_FEATURES, ...overrides });
