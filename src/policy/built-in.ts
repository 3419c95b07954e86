import { FINDING_GROUPS } from "../core/finding.ts";
import {
  API_VERSION,
  type ConditionBody,
  type ConstraintBody,
  type PolicyDocument,
  type RuleBody,
} from "./document.ts";

/** What the built-in policy takes from the environment. */
export type BuiltInOptions = {
  readonly sensitivityKeywords: readonly string[];
  readonly detectSensitiveData: boolean;
  /** Whether content that is no text may reach the cloud unread. */
  readonly allowOpaqueContentToCloud: boolean;
  /** Prompts of at most this many Unicode code points are answered locally. */
  readonly costMaxPromptLengthForLocal: number;
  readonly defaultProvider: "local" | "openai";
  readonly ollamaBaseUrl: string;
  readonly ollamaModel: string;
  readonly ollamaEmbeddingModel: string;
  readonly openaiBaseUrl: string;
  readonly openaiApiKey: string | null;
  readonly openaiModel: string;
};

/** All but keywords and what the scanner says of itself. A group that comes to be is sensitive until it is here. */
const DATA_GROUPS = FINDING_GROUPS.filter((group) => group !== "keyword" && group !== "scan");

/** The policy that follows the environment, as a file would say it. Keys are named, never in it. */
export function builtInPolicy(options: BuiltInOptions): PolicyDocument {
  const cases = sensitiveCases(options);
  const signals: NonNullable<PolicyDocument["signals"]> = {
    ...(options.sensitivityKeywords.length === 0
      ? {}
      : { sensitive_keyword: { keywords: [...new Set(options.sensitivityKeywords)] } }),
    ...(options.detectSensitiveData ? { sensitive_data: { groups: [...DATA_GROUPS] } } : {}),
  };
  return {
    apiVersion: API_VERSION,
    name: "built-in",
    version: 1,
    scan: {
      detectors: options.detectSensitiveData,
      opaque_content: options.allowOpaqueContentToCloud ? "allowed" : "sensitive",
    },
    providers: {
      local: {
        kind: "ollama",
        zone: "local",
        base_url: options.ollamaBaseUrl,
        default_model: options.ollamaModel,
        default_embedding_model: options.ollamaEmbeddingModel,
      },
      openai: {
        kind: "openai",
        zone: "cloud",
        base_url: options.openaiBaseUrl,
        ...(options.openaiApiKey === null ? {} : { api_key: "${OPENAI_API_KEY}" }),
        default_model: options.openaiModel,
      },
    },
    ...(Object.keys(signals).length === 0 ? {} : { signals }),
    constraints: cases.map(
      ([id, when, reason]): ConstraintBody => ({ id, when, forbid: { zones: ["cloud"] }, reason }),
    ),
    rules: [
      // What could not be read counts as holding every signal, so a rule of its own comes first and says why.
      ...[...cases.filter(([, when]) => !("signal" in when)), ...cases.filter(([, when]) => "signal" in when)].map(
        ([id, when, reason]): RuleBody => ({ id: `${id}-stays-local`, when, route: ["local"], reason }),
      ),
      // Vectors of different models do not compare, so which model embeds must not change with the length of a text.
      {
        id: "embedding-of-cloud-model",
        when: { task: "embedding", requested_provider: "openai" },
        route: ["openai"],
        reason: "embedding_model",
      },
      { id: "embedding", when: { task: "embedding" }, route: ["local"], reason: "embedding_model" },
      {
        id: "short-prompt",
        when: {
          // How long a prompt is that is not all text, nobody knows. Where it stays local, a rule before this one says so.
          ...(options.allowOpaqueContentToCloud ? { opaque_content: false } : {}),
          prompt_chars: { at_most: options.costMaxPromptLengthForLocal },
        },
        route: ["local"],
        reason: "cost_prefer_local",
      },
    ],
    default: { route: [options.defaultProvider], reason: "default" },
  };
}

type SensitiveCase = readonly [id: string, when: ConditionBody, reason: string];

/** In the order in which their reasons are given. */
function sensitiveCases(options: BuiltInOptions): readonly SensitiveCase[] {
  const cases: SensitiveCase[] = [
    ["keyword", { signal: "sensitive_keyword" }, "sensitive_keyword_match"],
    ["data", { signal: "sensitive_data" }, "sensitive_data_match"],
    ["unscannable", { scan_incomplete: true }, "scan.budget_exceeded"],
    ["opaque", { opaque_content: true }, "scan.opaque_part"],
  ];
  const isOff: Readonly<Record<string, boolean>> = {
    keyword: options.sensitivityKeywords.length === 0,
    data: !options.detectSensitiveData,
    opaque: options.allowOpaqueContentToCloud,
  };
  return cases.filter(([id]) => !isOff[id]);
}
