/** All that a decision may depend on: numbers and booleans, never text. */
export type Features = {
  readonly sensitiveKeyword: boolean;
  /** Some text could not be scanned, so nobody knows that it is harmless. */
  readonly unscannable: boolean;
  /** Unicode code points over all messages. */
  readonly promptLength: number;
};
