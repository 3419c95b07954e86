import type { Choice, Condition, Flag, Quantity } from "./condition.ts";

const FLAG_WORDS: Readonly<Record<Flag, readonly [holds: string, fails: string]>> = {
  stream: ["the answer is to be streamed", "the answer is not to be streamed"],
  has_tools: ["the request has tools", "the request has no tools"],
  has_images: ["the request has images", "the request has no images"],
  opaque_content: ["some content is no text", "all content is text"],
  scan_incomplete: ["the scanner gave up on some text", "the scanner read all text"],
};

const QUANTITY_WORDS: Readonly<Record<Quantity, (range: string) => string>> = {
  prompt_chars: (range) => `the prompt has ${range} characters`,
  prompt_tokens: (range) => `the prompt has ${range} tokens`,
  estimated_cost_micros: (range) => `the estimated cost is ${range} micro-USD`,
  message_count: (range) => `the request has ${range} messages`,
};

const CHOICE_WORDS: Readonly<Record<Choice, string>> = {
  surface: "the surface",
  task: "the task",
  model: "the model asked for",
  requested_provider: "the provider asked for",
};

/**
 * A condition as a part of a sentence, such as `signal "pii" is found, and the prompt has at most 1000 characters`; one
 * that always holds is `always`. Says ids, names and bounds of the policy file, which are all that a condition has.
 */
export const wordsOf = (condition: Condition): string => say(condition, false);

/** Only a combination inside of another one needs brackets. */
function say(condition: Condition, isInside: boolean): string {
  switch (condition.kind) {
    case "all":
    case "any":
      return combine(condition, isInside);
    case "not":
      return deny(condition.of, isInside);
    case "signal":
      return `signal "${condition.signal}" is found`;
    case "flag":
      return FLAG_WORDS[condition.flag][0];
    case "number":
      return QUANTITY_WORDS[condition.of](rangeOf(condition));
    case "choice":
      return `${CHOICE_WORDS[condition.of]} is ${oneOf(condition.values)}`;
    case "label":
      return `label "${condition.label}" is ${oneOf(condition.values)}`;
  }
}

function combine({ kind, of }: Extract<Condition, { kind: "all" | "any" }>, isInside: boolean): string {
  const [only] = of;
  if (only === undefined) return kind === "all" ? "always" : "never";
  if (of.length === 1) return say(only, isInside);
  const parts = of.map((part) => say(part, true)).join(kind === "all" ? ", and " : ", or ");
  return isInside ? `(${parts})` : parts;
}

/** Said plainly where there is a plain way, so that nobody has to turn a "not" round in the head. */
function deny(inner: Condition, isInside: boolean): string {
  switch (inner.kind) {
    case "not":
      return say(inner.of, isInside);
    case "signal":
      return `signal "${inner.signal}" is not found`;
    case "flag":
      return FLAG_WORDS[inner.flag][1];
    case "number":
      return QUANTITY_WORDS[inner.of](rangeBeyond(inner));
    case "choice":
      return `${CHOICE_WORDS[inner.of]} is not ${oneOf(inner.values)}`;
    case "label":
      return `label "${inner.label}" is not ${oneOf(inner.values)}`;
    default:
      return `not (${say(inner, false)})`;
  }
}

type Range = { readonly atLeast: number; readonly atMost: number };

function rangeOf({ atLeast, atMost }: Range): string {
  if (atLeast === atMost) return `exactly ${atLeast}`;
  if (atMost === Number.POSITIVE_INFINITY) return `at least ${atLeast}`;
  return atLeast === 0 ? `at most ${atMost}` : `${atLeast} to ${atMost}`;
}

function rangeBeyond({ atLeast, atMost }: Range): string {
  if (atMost === Number.POSITIVE_INFINITY) return `less than ${atLeast}`;
  return atLeast === 0 ? `more than ${atMost}` : `less than ${atLeast} or more than ${atMost}`;
}

function oneOf(values: readonly string[]): string {
  const names = values.map((value) => `"${value}"`);
  const last = names.pop() ?? "nothing";
  return names.length === 0 ? last : `${names.join(", ")} or ${last}`;
}
