import type { Task } from "./chat.ts";
import type { ProviderId } from "./decision.ts";

/** All that a decision may depend on: numbers, booleans and closed sets, never text. */
export type Features = {
  readonly sensitiveKeyword: boolean;
  /** Personal data, a secret, a marker or a disguise of them was found, or what a pattern of the operator's looks for. */
  readonly sensitiveData: boolean;
  /** The scanner gave up on some text, so nobody knows that it is harmless. */
  readonly budgetExceeded: boolean;
  /** Some content is no text, so nobody knows that it is harmless. */
  readonly opaque: boolean;
  readonly task: Task["kind"];
  /** Unicode code points over all prompt text: messages with their tool calls, or what is to be continued or embedded. */
  readonly promptLength: number;
  /** The provider that has the model wished for, where one does. */
  readonly wishedProvider: ProviderId | null;
};
