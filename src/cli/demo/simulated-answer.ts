/** What a simulated server says, cut into the pieces it streams; a piece counts as one token. */
export type SimulatedAnswer = {
  readonly pieces: readonly string[];
  readonly finishReason: "stop" | "length";
  readonly promptTokens: number;
};

/** Who speaks, in the words of the answer itself. */
export type Side = "local" | "cloud";

const TEXTS: Readonly<Record<Side, string>> = {
  local:
    "This is a simulated answer from the simulated local server (Ollama's protocol). No model ran, and the prompt did not leave this machine.",
  cloud:
    "This is a simulated answer from the simulated cloud server (OpenAI's protocol). No model ran, and the prompt did not leave this machine.",
};

/** A rule of thumb for English; good enough for a number that is called simulated. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * The same text whatever was asked: nothing of the prompt comes back. `maxTokens` cuts it, as the protocols' own limits
 * do; null or a negative number does not.
 */
export function answerOf(side: Side, prompt: readonly string[], maxTokens: number | null): SimulatedAnswer {
  const pieces = TEXTS[side].match(/\s*\S+/g) ?? [];
  const limit = maxTokens === null || maxTokens < 0 ? pieces.length : maxTokens;
  const characters = prompt.reduce((total, text) => total + text.length, 0);
  return {
    pieces: pieces.slice(0, limit),
    finishReason: limit < pieces.length ? "length" : "stop",
    promptTokens: Math.ceil(characters / CHARACTERS_PER_TOKEN),
  };
}
