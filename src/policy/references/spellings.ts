import { withOllamaTag } from "../../core/models.ts";
import type { Faults, Said } from "../faults.ts";
import { quoted } from "../quoted.ts";
import { textsOf, under } from "../source-node.ts";
import { type Facts, keysOf } from "./facts.ts";

type Named = { readonly model: string; readonly tell: (said: Said) => void };

/**
 * To Ollama `name` and `name:latest` are one model, and to policy two: what forbids the one would let the other pass.
 * A client's wish is taken in the spelling of the policy, so one for each model is enough.
 */
export function checkSpellings(facts: Facts, faults: Faults): void {
  const spellings = new Map<string, string>();
  for (const { model, tell } of modelsNamed(facts, faults)) {
    const known = spellings.get(withOllamaTag(model)) ?? model;
    spellings.set(withOllamaTag(model), known);
    if (known === model) continue;
    const message = `${quoted(model)} is ${quoted(known)} by another name, and what is said of the one would not hold for the other.`;
    tell({ code: "two_spellings", message, suggestion: `write ${quoted(known)} everywhere, or ${quoted(model)}` });
  }
}

function modelsNamed({ root, providers, constraints, atoms }: Facts, faults: Faults): readonly Named[] {
  const inTexts = (node: Parameters<typeof textsOf>[0]): readonly Named[] =>
    textsOf(node).map(({ text, node: at }) => ({ model: text, tell: (said) => faults.reference(at, said) }));
  const inKeys = (node: Parameters<typeof keysOf>[0]): readonly Named[] =>
    keysOf(node).map(({ mapping, key, span }) => ({
      model: key,
      tell: (said) => faults.ofKey(mapping, key, span, said),
    }));
  const ofProviders = [...providers].flatMap(([id, { node }]) => [
    ...inTexts(under(node, "default_model")),
    ...inTexts(under(node, "default_embedding_model")),
    ...inKeys(under(node, "models")),
    ...inKeys(under(node, "wishes")),
    ...keysOf(under(node, "wishes")).flatMap(({ key }) => inTexts(under(node, "wishes", key))),
    ...inKeys(under(root, "prices", id)),
  ]);
  const forbidden = constraints.flatMap(({ node }) => inTexts(under(node, "forbid", "models")));
  const asked = atoms.flatMap(({ key, value }) => (key === "model" ? inTexts(value) : []));
  return [...ofProviders, ...forbidden, ...asked];
}
