import type { Features } from "../../core/features.ts";
import type { KnownPolicy } from "./known-policy.ts";
import { SignalReader } from "./signal-reader.ts";
import { WishReader } from "./wish-reader.ts";

/** What is known of a request under another policy than the one that decided it. */
export type ReadFeatures = {
  /** Where `missing` has a key of it, what it says means nothing. */
  readonly features: Features;
  /** Keys as `decidePartially` takes them. */
  readonly missing: ReadonlySet<string>;
};

/**
 * Reads features that were taken under one policy as those of another: for all rows of one policy that were scanned by
 * one version of the rules. What nobody looked for then is missing and never guessed.
 */
export class FeatureReader {
  readonly #past: KnownPolicy;
  readonly #next: KnownPolicy;
  readonly #signals: SignalReader;
  readonly #wishes: WishReader;

  /** `isSameRuleset`: the rows were scanned by the rules that the new policy scans by. */
  constructor(past: KnownPolicy, next: KnownPolicy, isSameRuleset: boolean) {
    this.#past = past;
    this.#next = next;
    this.#signals = new SignalReader(past, next, isSameRuleset);
    this.#wishes = new WishReader(past, next);
  }

  /** `findings` is the text of a JSON object of counts by code. */
  read(features: Features, findings: string): ReadFeatures {
    const missing = new Set<string>();
    const signals = this.#signals.read(findings);
    for (const id of signals.missing) missing.add(`signal:${id}`);
    if (features.promptTokens === null && this.#next.policy.needsTokens) missing.add("prompt_tokens");
    const labels = this.#readLabels(features.labels, missing);
    const wish = this.#wishes.read(features, missing);
    const { surface, task, streamed, messageCount, promptChars, promptTokens, maxOutputTokens, choices } = features;
    const { hasTools, hasImages, opaqueContent, scanIncomplete } = features;
    return {
      features: {
        ...{ surface, task, streamed, messageCount, promptChars, promptTokens, maxOutputTokens, choices },
        ...{ hasTools, hasImages, opaqueContent, scanIncomplete },
        ...{ signals: signals.found, labels },
        ...{ wish: wish.wish, model: wish.model, wishPrice: wish.wishPrice },
        ...{ requestedProvider: wish.requestedProvider, offeredBy: wish.offeredBy },
      },
      missing,
    };
  }

  /** Values that the older policy did not declare are not on record. */
  #readLabels(labels: Features["labels"], missing: Set<string>): Features["labels"] {
    const next = Object.entries(this.#next.policy.labels);
    if (next.length === 0) return {};
    const known = next.flatMap(([name, values]): [string, string][] => {
      const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
      if (value !== undefined) return values.includes(value) ? [[name, value]] : [];
      const declared = Object.hasOwn(this.#past.policy.labels, name) ? this.#past.policy.labels[name] : undefined;
      if (!values.every((one) => declared?.includes(one))) missing.add(`label:${name}`);
      return [];
    });
    return Object.fromEntries(known);
  }
}
