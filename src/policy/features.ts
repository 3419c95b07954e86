import type { ChatRequest } from "../core/chat.ts";
import type { ProviderId } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import { type Finding, groupOf, OPAQUE_PART } from "../core/finding.ts";
import type { JsonValue } from "../core/json.ts";
import { withOllamaTag, withoutDefaultTag } from "../core/models.ts";
import { messageCount, promptTexts } from "../core/prompt.ts";
import { codePointCount } from "../core/text.ts";
import type { CompiledPolicy, DecidablePolicy } from "./compiled.ts";
import { hasImages } from "./images.ts";
import { defaultPrice } from "./price-table.ts";
import { estimateTokens } from "./tokens.ts";

/** What is known of a client's wish without asking any provider. */
export type WishFacts = {
  /** The model wished for; null for `auto`. */
  readonly model: string | null;
  readonly requestedProvider: ProviderId | null;
  readonly offeredBy: readonly ProviderId[];
};

/** From here on the text is gone: what a decision sees are numbers, booleans and closed sets. Pure. */
export function extractFeatures(
  policy: CompiledPolicy,
  request: ChatRequest,
  findings: readonly Finding[],
  wish: WishFacts,
  labels: Readonly<Record<string, string>>,
): Features {
  const { surface, streamed, task } = request;
  const opaqueContent = findings.some(({ code }) => code === OPAQUE_PART);
  return {
    surface,
    task: task.kind,
    streamed,
    messageCount: messageCount(task),
    promptChars: promptTexts(task).reduce((sum, text) => sum + codePointCount(text), 0),
    promptTokens: policy.needsTokens ? estimateTokens(request) : null,
    maxOutputTokens: maxOutputTokensOf(request),
    choices: choicesOf(request),
    hasTools: hasTools(request),
    // INVARIANT: an image is no text. A tool or an option may have the name of one and be text; the analysis counts on it.
    hasImages: opaqueContent && hasImages(request),
    opaqueContent,
    scanIncomplete: findings.some(({ code }) => groupOf(code) === "scan" && code !== OPAQUE_PART),
    signals: signalsIn(findings, policy),
    ...wishOf(wish, policy),
    labels: declaredOnly(labels, policy),
  };
}

/** Tools of kinds that a task does not carry reach a server of the client's own protocol all the same. */
function hasTools({ task, untranslated }: ChatRequest): boolean {
  return task.kind === "chat" && (task.tools.length > 0 || untranslated.some((name) => TOOLS.test(name)));
}

/** `functions` is what OpenAI called them first, and still takes. */
const TOOLS = /^(tools|functions)(?![A-Za-z0-9_])/;

function signalsIn(findings: readonly Finding[], { signals }: CompiledPolicy): readonly string[] {
  const codes = [...new Set(findings.map(({ code }) => code))];
  const found = signals.filter((signal) =>
    codes.some((code) => signal.codes.has(code) || signal.groups.has(groupOf(code))),
  );
  return found.map(({ id }) => id);
}

/**
 * To servers that take it at all, less than one token is no limit. A chat of OpenAI's may name two limits, and servers
 * differ in which of them they know: the higher one counts.
 */
function maxOutputTokensOf({ surface, task, body }: ChatRequest): number | null {
  if (task.kind === "embedding") return null;
  const limit = countIn(task.sampling.maxTokens);
  const other = surface === "openai_chat" ? countIn(body["max_tokens"]) : null;
  return limit === null || other === null ? limit : Math.max(limit, other);
}

/**
 * All answers that have to be paid for: `n` for each prompt, and for a completion those too among which the server picks
 * the best. Other surfaces have one.
 */
function choicesOf({ surface, body }: ChatRequest): number {
  const n = countIn(body["n"]) ?? 1;
  if (surface === "openai_chat") return n;
  if (surface !== "openai_completions") return 1;
  const choices = Math.max(n, countIn(body["best_of"]) ?? 1) * promptCount(body["prompt"]);
  return Math.min(choices, Number.MAX_SAFE_INTEGER);
}

/** A list of numbers is one prompt, of tokens. */
function promptCount(prompt: JsonValue | undefined): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? Math.max(1, prompt.length) : 1;
}

/** Features go on record as integers without loss. */
function countIn(value: JsonValue | undefined): number | null {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) return null;
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

function wishOf(
  { model: wished, requestedProvider, offeredBy }: WishFacts,
  policy: CompiledPolicy,
): Pick<Features, "wish" | "model" | "wishPrice" | "requestedProvider" | "offeredBy"> {
  const facts = { requestedProvider, offeredBy };
  if (wished === null) return { wish: "auto", model: null, wishPrice: null, ...facts };
  const model = asPolicySpells(wished, policy);
  const isKnown = offeredBy.length > 0 || policy.models.has(model);
  if (!isKnown) return { wish: "other", model: null, wishPrice: null, ...facts };
  const isPriced = policy.providers.some(({ id, prices }) => offeredBy.includes(id) && prices.has(model));
  return { wish: "known", model, wishPrice: isPriced ? null : defaultPrice(model), ...facts };
}

/**
 * To Ollama `name` and `name:latest` are one model, so that what policy says of the one holds for the other: it could not
 * be forbidden otherwise.
 */
export function asPolicySpells(wished: string, { models }: Pick<DecidablePolicy, "models">): string {
  if (models.has(wished)) return wished;
  const other = otherSpelling(wished);
  return models.has(other) ? other : wished;
}

/** The name of the same model with the tag `latest`, or without; the name itself where it has another tag. */
export function otherSpelling(model: string): string {
  const without = withoutDefaultTag(model);
  return without === model ? withOllamaTag(model) : without;
}

/** In the order of the policy. */
function declaredOnly(labels: Readonly<Record<string, string>>, policy: CompiledPolicy): Features["labels"] {
  const declared = Object.entries(policy.labels).flatMap(([label, values]) => {
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
    return value !== undefined && values.includes(value) ? [[label, value] as const] : [];
  });
  return Object.fromEntries(declared);
}
