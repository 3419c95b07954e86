/** What the mock answers and the load generator expects: 64 pieces, as a model's tokens are. */
const PIECES = 64;

export const ANSWER_PIECES: readonly string[] = Array.from(
  { length: PIECES },
  (_, index) => `${index === 0 ? "" : " "}word${index}`,
);
export const ANSWER_TEXT = ANSWER_PIECES.join("");

export const OPENAI_MODEL = "bench-cloud";
export const OLLAMA_MODEL = "bench-local:latest";
