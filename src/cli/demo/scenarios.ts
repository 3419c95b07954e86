import type { Config } from "../../config/config.ts";
import type { ChatMessage } from "../../core/chat.ts";
import { SIMULATED_CLOUD_MODEL, SIMULATED_FAILING_MODEL } from "./simulated-openai.ts";

/** One request of the demo. `asked` describes it; the messages themselves are never printed. */
export type Scenario = {
  readonly asked: string;
  readonly messages: readonly [ChatMessage, ...ChatMessage[]];
  readonly model: string | null;
};

/** A threshold beyond this is not exceeded: the row then says, truly, that the long question stays local. */
const MAX_LONG_CHARACTERS = 100_000;
const SHORT = "How do I boil an egg so that the yolk stays soft?";
const LONG = "Compare the tides of the Atlantic with those of the Baltic, port by port. ";
const WITH_EMAIL = "Send the table to jane.doe@example.com.";

/** A handful of requests, such that every rule of the built-in policy and both kinds of refusal show. */
export function scenarios(config: Config, keyword: string): readonly Scenario[] {
  const long = LONG.repeat(longRepeats(config.costMaxPromptLengthForLocal));
  const keywordInSystem: ChatMessage = { role: "system", content: `The notes below are ${keyword}.` };
  const user = (content: string): ChatMessage => ({ role: "user", content });
  return [
    { asked: "a short question", messages: [user(SHORT)], model: null },
    { asked: "a keyword in the system message", messages: [keywordInSystem, user(SHORT)], model: null },
    {
      asked: "the same, wishing for the cloud",
      messages: [keywordInSystem, user(SHORT)],
      model: SIMULATED_CLOUD_MODEL,
    },
    { asked: "a long question", messages: [user(long)], model: null },
    { asked: "a long one with a keyword", messages: [keywordInSystem, user(long)], model: null },
    { asked: "a long one with an e-mail", messages: [user(`${long}${WITH_EMAIL}`)], model: null },
    { asked: "a model Ollama would forward", messages: [user(SHORT)], model: "simulated-hosted:cloud" },
    { asked: "a long one, the cloud fails", messages: [user(long)], model: SIMULATED_FAILING_MODEL },
  ];
}

const longRepeats = (threshold: number): number =>
  Math.ceil((Math.min(threshold, MAX_LONG_CHARACTERS) + 1) / LONG.length);
