import { codePointCount } from "../core/text.ts";
import { sectionWith } from "./confidential.ts";
import { COLON, type Faults } from "./faults.ts";
import { POLICY_SCHEMA, resolved, type Schema } from "./json-schema.ts";
import { quoted } from "./quoted.ts";
import { remedyOf, wordsOfSchema, wordsOfValue } from "./shape-words.ts";
import type { Entry, ListNode, MappingNode, ScalarNode, SourceNode } from "./source-node.ts";
import { didYouMean, nearest } from "./suggest.ts";

/**
 * Holds a file against the schema of policies, and reports every fault that it finds. Where it reports none, the plain
 * value is a `PolicyDocument`.
 */
export function checkShape(root: SourceNode, faults: Faults): void {
  check(root, POLICY_SCHEMA, faults);
}

function check(node: SourceNode, given: Schema, faults: Faults): void {
  const schema = resolved(given);
  if (node.kind === "unreadable" || faults.isFull) return;
  if (schema.anyOf !== undefined) checkOneOrMore(node, schema, schema.anyOf, faults);
  else if (schema.type === "object" && node.kind === "mapping") checkMapping(node, schema, faults);
  else if (schema.type === "array" && node.kind === "list") checkList(node, schema, faults);
  else if (node.kind === "scalar" && isScalarOf(node, schema)) checkScalar(node, schema, faults);
  else wrongType(node, schema, schema, faults);
}

/** A single value may stand for a list of it, or one word for all that could be in the list. */
function checkOneOrMore(node: SourceNode, schema: Schema, [single, list]: readonly Schema[], faults: Faults): void {
  if (single === undefined || list === undefined) throw new Error("a union of the schema is no value and its list");
  if (node.kind === "list") checkList(node, list, faults);
  else if (single.const !== undefined) checkWordForList(node, schema, single, list, faults);
  else if (node.kind === "scalar" && isScalarOf(node, single)) checkScalar(node, single, faults);
  else wrongType(node, schema, single, faults);
}

function checkWordForList(node: SourceNode, schema: Schema, word: Schema, list: Schema, faults: Faults): void {
  if (node.kind !== "scalar" || node.value !== word.const) wrongType(node, schema, list, faults);
}

function wrongType(node: SourceNode, expected: Schema, remedied: Schema, faults: Faults): void {
  const message = `Expected ${wordsOfSchema(expected)}; found ${wordsOfValue(node)}.`;
  const isPhrase = node.kind === "mapping" && node.place?.parent.kind === "list" && expected.type === "string";
  faults.error(node, { code: "wrong_type", message, suggestion: isPhrase ? COLON : remedyOf(node, remedied) });
}

const isScalarOf = ({ value }: ScalarNode, { type, const: only }: Schema): boolean =>
  value !== null && (type === "integer" ? Number.isSafeInteger(value) : typeof value === (type ?? typeof only));

function checkScalar(node: ScalarNode, schema: Schema, faults: Faults): void {
  const { value } = node;
  const message = `Expected ${wordsOfSchema(schema)}.`;
  if (schema.const !== undefined && value !== schema.const) {
    const known = typeof schema.const === "string" ? `write ${quoted(schema.const)}` : null;
    faults.error(node, { code: "wrong_value", message, suggestion: known });
  } else if (typeof value === "string") checkText(node, value, schema, message, faults);
  else if (typeof value === "number" && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value))) {
    faults.error(node, { code: "out_of_bounds", message });
  }
}

function checkText(node: ScalarNode, text: string, schema: Schema, message: string, faults: Faults): void {
  const length = codePointCount(text);
  const { minLength = 0, maxLength = Infinity } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(text)) {
    faults.error(node, { code: "wrong_value", message, suggestion: didYouMean(text, schema.enum) });
  } else if (schema.pattern !== undefined && !patternOf(schema.pattern).test(text)) {
    faults.error(node, { code: "wrong_form", message, suggestion: inForm(text, schema) });
  } else if (length < minLength || length > maxLength) {
    const bound = length > maxLength ? `at most ${maxLength} characters; found ${length}` : "a text that is not empty";
    faults.error(node, { code: "wrong_length", message: `Expected ${bound}.` });
  }
}

/** A name of our own that is spelt like a person's; never of what may hold a secret, whose form is another. */
function inForm(text: string, { pattern = "" }: Schema): string | null {
  if (!pattern.startsWith("^[a-z]") || text.length > 100) return null;
  const plain = text.trim().toLowerCase();
  const words = plain.split(/[^a-z0-9]+/).filter((word) => word !== "");
  const forms = [plain, words.join("-"), words.join("_")];
  const fitting = forms.find((form) => patternOf(pattern).test(form));
  return fitting === undefined ? null : `did you mean ${quoted(fitting)}?`;
}

function checkList(node: ListNode, schema: Schema, faults: Faults): void {
  countEntries(node, node.items.length, schema.minItems, schema.maxItems, faults);
  const seen = new Set<unknown>();
  for (const item of node.items) {
    if (schema.items !== undefined) check(item, schema.items, faults);
    if (schema.uniqueItems !== true || item.kind !== "scalar") continue;
    if (seen.has(item.value)) {
      faults.error(item, { code: "duplicate_item", message: "This stands in the list already." });
    }
    seen.add(item.value);
  }
}

function countEntries(node: SourceNode, count: number, min = 0, max = Infinity, faults: Faults): void {
  const entries = (number: number) => (number === 1 ? "1 entry" : `${number} entries`);
  if (count < min)
    faults.error(node, { code: "too_few", message: `Expected at least ${entries(min)}; found ${count}.` });
  if (count > max)
    faults.error(node, { code: "too_many", message: `Expected at most ${entries(max)}; found ${count}.` });
}

function checkMapping(node: MappingNode, schema: Schema, faults: Faults): void {
  countEntries(node, node.entries.size, schema.minProperties, schema.maxProperties, faults);
  if (schema.properties === undefined) {
    for (const [key, entry] of node.entries) checkRecordEntry(node, key, entry, schema, faults);
    return;
  }
  const meant = new Set<string>();
  for (const [key, { key: span, value }] of node.entries) {
    const known = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (known !== undefined) {
      check(value, known, faults);
      continue;
    }
    if (faults.isFull) return;
    const absent = Object.keys(schema.properties).filter((name) => !node.entries.has(name));
    const near = nearest(key, absent);
    if (near !== null) meant.add(near);
    const section = sectionWith(key, schema.properties);
    const suggestion = section === null ? didYouMean(key, absent) : `it belongs under ${quoted(section)}`;
    faults.ofKey(node, key, span, {
      code: "unknown_key",
      message: `Nothing here is called ${quoted(key)}.`,
      suggestion,
    });
  }
  for (const name of schema.required ?? []) {
    // Who has misspelt a key has not left it out.
    if (node.entries.has(name) || meant.has(name)) continue;
    faults.error(node, { code: "missing_key", message: `The key ${quoted(name)} is missing.` });
  }
}

function checkRecordEntry(node: MappingNode, key: string, { key: span, value }: Entry, schema: Schema, faults: Faults) {
  const [[pattern, body] = []] = Object.entries(schema.patternProperties ?? {});
  if (pattern === undefined || body === undefined) throw new Error("the schema has a mapping without keys");
  if (!patternOf(pattern).test(key)) {
    const names = schema.propertyNames ?? {};
    const message = `Expected ${wordsOfSchema(names)}; found ${quoted(key)}.`;
    faults.ofKey(node, key, span, { code: "wrong_form", message, suggestion: inForm(key, names) });
  } else if (key in Object.prototype) {
    faults.ofKey(node, key, span, { code: "reserved_name", message: `The name ${quoted(key)} cannot be used.` });
  }
  check(value, body, faults);
}

const PATTERNS = new Map<string, RegExp>();

/** As JSON Schema has it: in Unicode mode. */
function patternOf(pattern: string): RegExp {
  const known = PATTERNS.get(pattern) ?? new RegExp(pattern, "u");
  PATTERNS.set(pattern, known);
  return known;
}
