import type { Static } from "@sinclair/typebox";
import type { AnswerFormat, ChatTask, Sampling } from "../../core/chat.ts";
import type { OllamaFormat, OllamaOptions, OllamaThink } from "../schemas/ollama-fields.ts";
import {
  bookkeeping,
  carried,
  carriedIf,
  type FieldRule,
  type FieldRules,
  objectOf,
  only,
  uncarried,
} from "./untranslated.ts";

const THINKING_LEVELS = ["low", "medium", "high"] as const;

export function formatOf(format: Static<typeof OllamaFormat> | undefined): AnswerFormat | null {
  if (format === undefined || format === null || format === "") return null;
  if (typeof format === "string") return { kind: "json" };
  return { kind: "json_schema", name: null, schema: format, strict: null };
}

export function thinkingOf(think: Static<typeof OllamaThink> | undefined): ChatTask["thinking"] {
  if (think === true) return "on";
  if (think === false) return "none";
  return THINKING_LEVELS.find((level) => level === think) ?? null;
}

type Asking = {
  readonly options?: Static<typeof OllamaOptions> | null;
  readonly logprobs?: boolean | null;
  readonly top_logprobs?: number | null;
};

export function samplingOf({ options, logprobs, top_logprobs }: Asking): Sampling {
  return {
    temperature: options?.temperature ?? null,
    topP: options?.top_p ?? null,
    seed: options?.seed === RANDOM_SEED ? null : (options?.seed ?? null),
    stop: options?.stop ?? null,
    maxTokens: limitOf(options?.num_predict ?? null),
    frequencyPenalty: options?.frequency_penalty ?? null,
    presencePenalty: options?.presence_penalty ?? null,
    logprobs: logprobs ?? null,
    // Ollama heeds it only beside `logprobs: true`; OpenAI refuses it without.
    topLogprobs: logprobs === true ? (top_logprobs ?? null) : null,
  };
}

/** Ollama's own default: a seed of its choice. */
const RANDOM_SEED = -1;

/** Ollama takes zero and anything below it for no limit. */
const limitOf = (numPredict: number | null): number | null =>
  numPredict !== null && numPredict > 0 ? numPredict : null;

/** How a model is loaded and run: on another machine they have nothing to say, and change no answer. */
const RUNNER_OPTIONS = [
  "num_ctx",
  "num_batch",
  "num_gpu",
  "main_gpu",
  "use_mmap",
  "use_mlock",
  "num_thread",
  "numa",
  "low_vram",
  "f16_kv",
  "vocab_only",
  "num_keep",
  "logits_all",
  "embedding_only",
];
const SAMPLING_OPTIONS = [
  "temperature",
  "top_p",
  "seed",
  "stop",
  "num_predict",
  "presence_penalty",
  "frequency_penalty",
];
/** Samplers that OpenAI lacks, with the value that switches each off: off is what OpenAI does. */
const OFF_VALUES = { min_p: 0, typical_p: 1, repeat_penalty: 1, repeat_last_n: 0, mirostat: 0, tfs_z: 1 };
const OTHER_OPTIONS = ["top_k", "mirostat_tau", "mirostat_eta", "penalize_newline"];

const ruleForEach = (names: readonly string[], rule: FieldRule): FieldRules =>
  Object.fromEntries(names.map((name) => [name, rule]));

const OPTION_RULES: FieldRules = {
  ...ruleForEach(RUNNER_OPTIONS, bookkeeping),
  ...ruleForEach(SAMPLING_OPTIONS, carried),
  ...Object.fromEntries(Object.entries(OFF_VALUES).map(([name, off]) => [name, only(off)])),
  ...ruleForEach(OTHER_OPTIONS, uncarried),
};

/** No option changes a vector, unless it is one that nobody here knows. */
export const VECTOR_OPTION_RULES: FieldRules = ruleForEach(Object.keys(OPTION_RULES), bookkeeping);

/** The fields that chat and generate share. `keep_alive`, `truncate` and `shift` are about Ollama's memory. */
export const ASKING_RULES: FieldRules = {
  model: carried,
  stream: carried,
  format: carried,
  keep_alive: bookkeeping,
  truncate: bookkeeping,
  shift: bookkeeping,
  options: objectOf(OPTION_RULES),
  think: carriedIf((value) => typeof value === "boolean" || THINKING_LEVELS.some((level) => level === value)),
  logprobs: carried,
  top_logprobs: carried,
  _debug_render_only: only(false),
};
