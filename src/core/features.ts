import type { Task } from "./chat.ts";
import type { ProviderId } from "./decision.ts";

/** All that a decision may depend on: numbers, booleans and closed sets, never text. */
export type Features = {
  readonly sensitiveKeyword: boolean;
  /** Some text could not be scanned, so nobody knows that it is harmless. */
  readonly unscannable: boolean;
  /** Some content is no text, so nobody knows that it is harmless. */
  readonly opaque: boolean;
  readonly task: Task["kind"];
  /** Unicode code points over all prompt text: messages with their tool calls, or what is to be continued or embedded. */
  readonly promptLength: number;
  /** The provider that has the model wished for, where one does. */
  readonly wishedProvider: ProviderId | null;
};
