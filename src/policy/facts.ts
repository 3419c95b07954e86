import type { Features } from "../core/features.ts";
import { AUTO_MODEL } from "../core/models.ts";
import { type Facts, TRUE, UNKNOWN } from "./atoms.ts";
import type { DecidablePolicy } from "./compiled.ts";
import { BEYOND_ANY_BOUND, highestCostMicros } from "./cost.ts";
import type { Program } from "./program.ts";

/** Whether there is content that nobody could read, and that counts as sensitive (I1). */
export const isUnread = ({ opaqueIsSensitive }: DecidablePolicy, features: Features): boolean =>
  features.scanIncomplete || (features.opaqueContent && opaqueIsSensitive);

/** Of a constraint only what is certainly false may let something pass; a rule takes all signals of unread content as found. */
export type Asker = "constraint" | "rule";

export function factsOf(program: Program, features: Features, asker: Asker): Facts {
  const { wish, model } = features;
  const quantities = {
    prompt_chars: features.promptChars,
    prompt_tokens: features.promptTokens ?? BEYOND_ANY_BOUND,
    estimated_cost_micros: program.asksCost ? highestCostMicros(program.policy, features) : 0,
    message_count: features.messageCount,
  };
  return {
    signals: signalsOf(program, features, asker),
    flags: {
      stream: features.streamed,
      has_tools: features.hasTools,
      has_images: features.hasImages,
      opaque_content: features.opaqueContent,
      scan_incomplete: features.scanIncomplete,
    },
    toAtLeast: quantities,
    toAtMost: quantities,
    choices: {
      surface: features.surface,
      task: features.task,
      model: wish === "auto" ? AUTO_MODEL : wish === "known" ? model : null,
      requested_provider: features.requestedProvider,
    },
    labels: features.labels,
  };
}

function signalsOf({ policy, signals }: Program, features: Features, asker: Asker): Uint8Array {
  const truths = new Uint8Array(signals.size);
  if (isUnread(policy, features)) truths.fill(asker === "constraint" ? UNKNOWN : TRUE);
  for (const signal of features.signals) {
    const index = signals.get(signal);
    if (index !== undefined) truths[index] = TRUE;
  }
  return truths;
}

/** The facts that rules see: those of constraints, but for what could not be read. */
export const ruleFactsOf = (program: Program, features: Features, facts: Facts): Facts =>
  isUnread(program.policy, features) ? { ...facts, signals: signalsOf(program, features, "rule") } : facts;
