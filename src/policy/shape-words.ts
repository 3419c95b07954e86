import { resolved, type Schema } from "./json-schema.ts";
import { alternatives } from "./quoted.ts";
import type { SourceNode } from "./source-node.ts";

/** What a value should be, as in "expected a whole number from 1 to 3600". */
export function wordsOfSchema(given: Schema): string {
  const schema = resolved(given);
  if (schema.const !== undefined) return schema.title ?? JSON.stringify(schema.const);
  if (schema.enum !== undefined) return alternatives(schema.enum);
  const [single, list] = schema.anyOf ?? [];
  if (single?.const !== undefined)
    return `${wordsOfSchema(single)}, or a list, each ${wordsOfSchema(list?.items ?? {})}`;
  if (single !== undefined) return `${wordsOfSchema(single)}, or a list of such`;
  switch (schema.type) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number${boundsOf(schema)}`;
    case "string":
      return schema.title ?? "a text";
    case "array":
      return "a list";
    case "object":
      return schema.title === undefined || schema.$id !== undefined ? "a mapping" : `a mapping: ${schema.title}`;
    default:
      throw new Error("the schema of policies has a part without a type");
  }
}

export const boundsOf = ({ minimum, maximum }: Schema): string =>
  minimum === undefined || maximum === undefined ? "" : ` from ${minimum} to ${maximum}`;

/** What a value is, without saying it: it may be a keyword, or stand in the place of one. */
export function wordsOfValue(node: SourceNode): string {
  if (node.kind !== "scalar") return node.kind === "list" ? "a list" : "a mapping";
  switch (typeof node.value) {
    case "string":
      return "a text";
    case "boolean":
      return "a truth value";
    case "number":
      return Number.isInteger(node.value) ? "a whole number" : "a number with a fraction";
    default:
      return "nothing";
  }
}

/** The words that older YAML took for truth values; in YAML 1.2 they are texts. */
const TRUTH: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  true: true,
  no: false,
  off: false,
  false: false,
};

/** How a value of the wrong type can be put right. */
export function remedyOf(node: SourceNode, given: Schema): string | null {
  const schema = resolved(given);
  if (node.kind !== "scalar") return null;
  const { value } = node;
  if (value === null) return "give it a value, or remove the key";
  if (schema.type === "string" && typeof value !== "string") return "write it in quotes";
  if (schema.type === "array") return "write it as a list, in [ ] or with a dash before each item";
  if (typeof value !== "string") return null;
  if (schema.type === "integer" && /^[\d_,' ]+$/.test(value)) return "write only its digits, without quotes";
  const truth = Object.hasOwn(TRUTH, value.toLowerCase()) ? TRUTH[value.toLowerCase()] : undefined;
  const takesTruth = schema.type === "boolean" || schema.const === truth;
  return truth !== undefined && takesTruth ? `write it as ${truth}, without quotes` : null;
}
