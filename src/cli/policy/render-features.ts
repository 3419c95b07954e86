import type { DecideBody } from "../../http/schemas/decide.ts";
import { counted } from "../command/text.ts";

type Row = readonly [name: string, text: string];
type Features = DecideBody["features"];

/** What a decision depended on, as rows of names and words. */
export function renderFeatures({ features, findings }: Pick<DecideBody, "features" | "findings">): readonly Row[] {
  const found = Object.entries(findings).map(([code, count]) => `${code} (${count})`);
  const labels = Object.entries(features.labels).map(([name, value]) => `${name}=${value}`);
  return [
    ["asked by", `${features.surface}, for ${WORDS_OF_TASK[features.task]}`],
    ["size", sizeOf(features)],
    ["model", modelOf(features)],
    ["has", listed(flagsOf(features))],
    ["signals", listed(features.signals)],
    ["found", listed(found)],
    ...(labels.length === 0 ? [] : [["labels", labels.join(", ")] as const]),
  ];
}

const WORDS_OF_TASK: Readonly<Record<Features["task"], string>> = {
  chat: "a chat",
  completion: "a completion",
  embedding: "an embedding",
};

function sizeOf(features: Features): string {
  const { prompt_chars: chars, prompt_tokens: tokens, max_output_tokens: output, choices } = features;
  return [
    counted(features.message_count, "message"),
    `${counted(chars, "character")} of prompt`,
    ...(tokens === null ? [] : [`${counted(tokens, "token")} by estimate`]),
    ...(output === null ? [] : [`at most ${counted(output, "token")} of output asked for`]),
    ...(choices === 1 ? [] : [`${choices} answers asked for`]),
  ].join(", ");
}

function modelOf({ wish, model, requested_provider: provider, offered_by: offering }: Features): string {
  const asked = provider === null ? "" : `, of provider ${provider}`;
  if (wish === "auto") return `left to policy${asked}`;
  if (wish === "other") return `one that neither policy nor any provider knows${asked}`;
  return `${model}${asked}; ${offering.length === 0 ? "nobody can be asked for it" : `to be had of ${offering.join(", ")}`}`;
}

const flagsOf = (features: Features): readonly string[] => [
  ...(features.stream ? ["a stream to answer with"] : []),
  ...(features.has_tools ? ["tools"] : []),
  ...(features.has_images ? ["images"] : []),
  ...(features.opaque_content ? ["content that is no text"] : []),
  ...(features.scan_incomplete ? ["text that the scanner gave up on"] : []),
];

const listed = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));
