import { wishOf } from "../../core/models.ts";
import {
  entriesOf,
  itemsOf,
  type MappingNode,
  type SourceNode,
  type TextAt,
  textsOf,
  textUnder,
  under,
} from "../source-node.ts";
import type { Span } from "../text-lines.ts";

/** What a policy file defines, as far as it can be read: other parts of it may be wrong. */
export type Facts = {
  readonly root: SourceNode;
  readonly providers: ReadonlyMap<string, ProviderFacts>;
  /** Null where some provider does not say its own, so that nothing can be said of any. */
  readonly zones: ReadonlySet<string> | null;
  readonly signals: ReadonlySet<string>;
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
  readonly constraints: readonly Named[];
  readonly rules: readonly Named[];
  readonly shadow: readonly Named[];
  readonly fallback: SourceNode | undefined;
  /** Every atom of every condition. */
  readonly atoms: readonly AtomAt[];
};

export type ProviderFacts = {
  readonly node: SourceNode;
  readonly key: Span;
  readonly zone: string | undefined;
  /** What it may be asked for; null where that is anything. */
  readonly askable: ReadonlySet<string> | null;
};

/** A constraint or a rule; it may lack an id. */
export type Named = { readonly node: SourceNode; readonly id: TextAt | undefined };

/** One key of a condition with its value. */
export type AtomAt = {
  readonly key: string;
  readonly span: Span;
  readonly value: SourceNode;
  readonly mapping: SourceNode;
};

export function factsOf(root: SourceNode): Facts {
  const providers = new Map(
    [...entriesOf(under(root, "providers"))].map(([id, { key, value }]) => [id, providerFacts(value, key)] as const),
  );
  const zones = [...providers.values()].flatMap(({ zone }) => (zone === undefined ? [] : [zone]));
  const [constraints, rules, shadow] = [named(root, "constraints"), named(root, "rules"), named(root, "shadow")];
  return {
    root,
    providers,
    zones: zones.length === providers.size ? new Set(zones) : null,
    signals: new Set(entriesOf(under(root, "signals")).keys()),
    labels: new Map(
      [...entriesOf(under(root, "labels"))].map(([label, { value }]) => [label, textSet(value)] as const),
    ),
    constraints,
    rules,
    shadow,
    fallback: under(root, "default"),
    atoms: [...constraints, ...rules, ...shadow].flatMap(({ node }) => atomsIn(under(node, "when"))),
  };
}

function providerFacts(node: SourceNode, key: Span): ProviderFacts {
  const models = under(node, "models");
  const defaults = ["default_model", "default_embedding_model"].flatMap((name) => textUnder(node, name)?.text ?? []);
  return {
    node,
    key,
    zone: textUnder(node, "zone")?.text,
    askable: models?.kind === "mapping" ? new Set([...models.entries.keys(), ...defaults]) : null,
  };
}

const named = (root: SourceNode, key: string): readonly Named[] =>
  itemsOf(under(root, key)).map((node) => ({ node, id: textUnder(node, "id") }));

const textSet = (node: SourceNode): ReadonlySet<string> => new Set(textsOf(node).map(({ text }) => text));

/** Combinations of conditions are taken apart. */
function atomsIn(when: SourceNode | undefined): readonly AtomAt[] {
  if (when?.kind !== "mapping") return [];
  return [...when.entries].flatMap(([key, { key: span, value }]): readonly AtomAt[] => {
    if (key === "all" || key === "any") return itemsOf(value).flatMap(atomsIn);
    if (key === "not") return atomsIn(value);
    return [{ key, span, value, mapping: when }];
  });
}

/** Whether some provider can be asked for a model by its name. */
export const isAskable = ({ providers }: Facts, model: string): boolean =>
  [...providers.values()].some(({ askable }) => askable === null || askable.has(model));

/** Whether it leaves the choice to policy, and so is no model. */
export const isAuto = (model: string): boolean => wishOf(model) === null;

/** The keys of a mapping with where they stand; none where it is no mapping. */
export const keysOf = (node: SourceNode | undefined): readonly { mapping: MappingNode; key: string; span: Span }[] =>
  node?.kind === "mapping" ? [...node.entries].map(([key, entry]) => ({ mapping: node, key, span: entry.key })) : [];
