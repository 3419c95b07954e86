import { type ChatRequest, NO_SAMPLING, PLAIN_CHAT, type Surface, type Task } from "../core/chat.ts";
import type { Decision } from "../core/decision.ts";
import type { Features } from "../core/features.ts";
import type { Finding } from "../core/finding.ts";
import { assumedWish } from "./assumed-wish.ts";
import type { CompiledPolicy } from "./compiled.ts";
import { decide } from "./decide.ts";
import type { TestBody } from "./document.ts";
import type { Fault, Position } from "./fault.ts";
import { extractFeatures } from "./features.ts";
import { quoted } from "./quoted.ts";

type Given = TestBody["given"];
type Expected = TestBody["expect"];

/** Finds in a text what the scanner of the policy finds in a user's message. */
export type ScanText = (text: string) => readonly Finding[];

/** What a test of a policy file came to. */
export type CaseResult = {
  /** Its place in `tests`, from 0. */
  readonly index: number;
  readonly name: string;
  readonly passed: boolean;
  /** What is otherwise than the test says; empty exactly when it passed. */
  readonly mismatches: readonly Mismatch[];
  readonly features: Features;
  readonly decision: Decision;
};

/** Both sides in words: ids, reasons and names of models of the policy. */
export type Mismatch = { readonly field: keyof Expected; readonly expected: string; readonly got: string };

/** A short, plain chat: what a test is about unless it says otherwise. */
const PLAIN_CHARS = 20;
/** Where a test says only one of characters and tokens; roughly English. */
const CHARS_PER_TOKEN = 4;

/** Runs the tests of a policy file, in their order. Pure, as `scanText` must be. */
export function runCases(
  policy: CompiledPolicy,
  tests: readonly TestBody[],
  scanText: ScanText,
): readonly CaseResult[] {
  return tests.map(({ name, given, expect }, index) => {
    const features = featuresOfCase(policy, given, scanText);
    const decision = decide(policy, features);
    const mismatches = mismatchesOf(expect, decision);
    return { index, name, passed: mismatches.length === 0, mismatches, features, decision };
  });
}

/** What failed, at the words of the file that are not so. */
export function caseFaults(cases: readonly CaseResult[], positionOf: (path: string) => Position): readonly Fault[] {
  return cases.flatMap(({ index, name, mismatches }) =>
    mismatches.map(({ field, expected, got }): Fault => {
      const path = `/tests/${index}/expect/${field}`;
      const message = `Test ${quoted(name)} fails: expected ${field} ${expected}, got ${got}.`;
      return { severity: "error", code: "test_failed", message, path, position: positionOf(path), suggestion: null };
    }),
  );
}

/** The features of the request that a test supposes. Its text is scanned and counted as a client's message would be. */
export function featuresOfCase(policy: CompiledPolicy, given: Given, scanText: ScanText): Features {
  const { text, has_images: hasImages = false } = given;
  const task = given.task ?? taskOf(given.surface);
  const findings = text === undefined ? [] : scanText(text);
  const { model: name, requested_provider: provider, offered_by: offeredBy } = given;
  const wish = assumedWish(policy, { name, provider, offeredBy, task });
  const read = extractFeatures(policy, requestOf(text ?? ""), findings, wish, given.labels ?? {});
  return {
    ...read,
    surface: given.surface ?? SURFACE_OF_TASK[task],
    task,
    streamed: given.stream ?? false,
    messageCount: given.message_count ?? 1,
    ...sizeOf(policy, given, read),
    maxOutputTokens: given.max_output_tokens ?? null,
    hasTools: given.has_tools ?? false,
    hasImages,
    // Nobody can read a picture.
    opaqueContent: given.opaque_content ?? (hasImages || read.opaqueContent),
    scanIncomplete: given.scan_incomplete ?? read.scanIncomplete,
    signals: policy.signals
      .map(({ id }) => id)
      .filter((id) => read.signals.includes(id) || given.signals?.includes(id) === true),
  };
}

function sizeOf(
  policy: CompiledPolicy,
  { text, prompt_chars: chars, prompt_tokens: tokens }: Given,
  read: Features,
): Pick<Features, "promptChars" | "promptTokens"> {
  const promptChars = chars ?? (text === undefined ? charsOf(tokens) : read.promptChars);
  const counted = text === undefined || chars !== undefined ? null : read.promptTokens;
  const promptTokens = tokens ?? counted ?? Math.ceil(promptChars / CHARS_PER_TOKEN);
  return { promptChars, promptTokens: policy.needsTokens ? promptTokens : null };
}

const charsOf = (tokens: number | undefined): number => (tokens === undefined ? PLAIN_CHARS : tokens * CHARS_PER_TOKEN);

const SURFACE_OF_TASK: Readonly<Record<Task["kind"], Surface>> = {
  chat: "native",
  completion: "openai_completions",
  embedding: "openai_embeddings",
};

/** What a surface is for; Ollama's `generate` is a chat of one turn. */
function taskOf(surface: Surface | undefined): Task["kind"] {
  switch (surface) {
    case "openai_completions":
      return "completion";
    case "openai_embeddings":
    case "ollama_embed":
    case "ollama_embeddings":
      return "embedding";
    default:
      return "chat";
  }
}

/** Only for what is read of its text: all else of it a test says itself. */
const requestOf = (text: string): ChatRequest => ({
  surface: "native",
  body: {},
  task: { ...PLAIN_CHAT, kind: "chat", messages: [{ role: "user", content: text }], sampling: NO_SAMPLING },
  wish: null,
  streamed: false,
  untranslated: [],
});

function mismatchesOf(expected: Expected, decision: Decision): readonly Mismatch[] {
  return FIELDS.flatMap((field) => {
    const compared = expected[field] === undefined ? null : compare(field, expected, decision);
    return compared === null || compared.expected === compared.got ? [] : [{ field, ...compared }];
  });
}

const FIELDS = ["route", "deny", "model", "rule", "reason", "constraints"] as const satisfies (keyof Expected)[];

/** Both sides in words, which are the same exactly where it is as expected: ids hold no commas. */
function compare(field: keyof Expected, expected: Expected, decision: Decision): Omit<Mismatch, "field"> {
  const { candidates, denial, reasonCodes } = decision;
  const outcome = denial === null ? listed(candidates.map(({ provider }) => provider)) : `denied (${denial})`;
  switch (field) {
    case "route":
      return { expected: listed(expected.route), got: outcome };
    case "deny":
      return { expected: "true", got: denial === null ? `the route ${outcome}` : "true" };
    case "model":
      return { expected: `${expected.model}`, got: candidates[0]?.model ?? outcome };
    case "rule":
      return { expected: `${expected.rule}`, got: decision.rule };
    case "reason": {
      const isGiven = reasonCodes.some((code) => code === expected.reason);
      return { expected: `${expected.reason}`, got: isGiven ? `${expected.reason}` : listed(reasonCodes) };
    }
    case "constraints": {
      const held = decision.constraints.map(({ id }) => id);
      return { expected: listed(expected.constraints?.toSorted()), got: listed(held.toSorted()) };
    }
  }
}

const listed = (names: readonly string[] = []): string => (names.length === 0 ? "none" : names.join(", "));
