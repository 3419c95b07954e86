import type { Surface, Task } from "./chat.ts";
import type { ProviderId } from "./decision.ts";

/** Micro-USD per million tokens: 1 USD per million tokens is 1,000,000. */
export type Price = { readonly input: number; readonly output: number };

/**
 * All that a decision may depend on: numbers, booleans and closed sets, never text (I4, I5). It goes on record, so that
 * the decision can be derived again.
 */
export type Features = {
  readonly surface: Surface;
  readonly task: Task["kind"];
  readonly streamed: boolean;
  /** Texts to continue or to embed count as messages. */
  readonly messageCount: number;
  /** Unicode code points over all prompt text: messages with their tool calls, or what is to be continued or embedded. */
  readonly promptChars: number;
  /** By `estimateTokens`, rounded up; null where the policy does not depend on it, and then it counts as beyond any bound. */
  readonly promptTokens: number | null;
  /** The most that the client asks for in one answer; null where it says nothing. */
  readonly maxOutputTokens: number | null;
  /** Answers asked for at once (`n`), at least 1. */
  readonly choices: number;
  readonly hasTools: boolean;
  readonly hasImages: boolean;
  /** Some content is no text, so nobody knows that it is harmless. */
  readonly opaqueContent: boolean;
  /** The scanner gave up on some text, so nobody knows that it is harmless. */
  readonly scanIncomplete: boolean;
  /** Ids of the policy's signals that were found, in the policy's order. */
  readonly signals: readonly string[];
  /** `auto`: the client leaves the model to policy. `other`: it names one that neither policy nor any provider knows. */
  readonly wish: "auto" | "known" | "other";
  /** The model wished for, exactly when it is known. */
  readonly model: string | null;
  /** What the wished model costs by the default table, where the policy has no price for it. */
  readonly wishPrice: Price | null;
  /** The provider that the client names, or the first that is known to have the model; null where there is none. */
  readonly requestedProvider: ProviderId | null;
  /** Providers that can be asked for the wished model; none for `auto`. */
  readonly offeredBy: readonly ProviderId[];
  /** Of the caller, by name; only values that the policy declares. */
  readonly labels: Readonly<Record<string, string>>;
};
