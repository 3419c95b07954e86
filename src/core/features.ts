/** All that a decision may depend on: numbers and booleans, never text. */
export type Features = {
  readonly sensitiveKeyword: boolean;
  /** Unicode code points over all messages. */
  readonly promptLength: number;
};
