import type { Faults } from "../faults.ts";
import { quoted } from "../quoted.ts";
import { entriesOf, textsOf, under } from "../source-node.ts";
import { type Facts, keysOf } from "./facts.ts";

/** What is defined and never asked for: often a rule was to name it and names another. */
export function checkUnused(facts: Facts, faults: Faults): void {
  const unused = (section: string, used: ReadonlySet<string>, code: Code, message: (name: string) => string) => {
    for (const { mapping, key, span } of keysOf(under(facts.root, section))) {
      if (!used.has(key)) faults.ofKey(mapping, key, span, { code, message: message(quoted(key)) }, "warning");
    }
  };
  const signals = atomsOf(facts, "signal").flatMap(textsOf);
  unused("signals", setOf(signals), "unused_signal", (name) => `No condition asks for the signal ${name}.`);
  const labels = atomsOf(facts, "labels").flatMap((value) => [...entriesOf(value).keys()]);
  unused("labels", new Set(labels), "unused_label", (name) => `No condition asks for the label ${name}.`);
  const rules = [...facts.rules, ...facts.shadow].map(({ node }) => node);
  const routed = [...rules, facts.fallback].flatMap((rule) => textsOf(under(rule, "route")));
  unused("providers", setOf(routed), "unused_provider", (name) => `No route has the provider ${name}.`);
}

type Code = "unused_signal" | "unused_label" | "unused_provider";

const atomsOf = ({ atoms }: Facts, key: string) => atoms.filter((atom) => atom.key === key).map(({ value }) => value);
const setOf = (texts: readonly { readonly text: string }[]) => new Set(texts.map(({ text }) => text));
