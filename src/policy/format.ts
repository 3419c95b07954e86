import { type Document, isMap, isNode, isScalar, isSeq, type YAMLMap, type YAMLSeq } from "yaml";
import { isJsonObject, type JsonValue } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { inSchemaOrder, schemaOfItems, schemaUnder } from "./canonical-order.ts";
import type { Fault } from "./fault.ts";
import { POLICY_SCHEMA, type Schema } from "./json-schema.ts";
import { parseSource } from "./source.ts";
import { jsonOf } from "./source-node.ts";

/** What stands in brackets stays there if it fits. */
const MAX_FLOW_CHARS = 100;
/** The first pass may move comments to where the second lays them out otherwise. */
const MAX_PASSES = 4;

/**
 * A policy file in its one layout: keys in the order of the schema, two spaces of indent, comments where they were. JSON
 * stays JSON. What is laid out that way comes back as it is. Refuses only what cannot be read; whether it is a sound
 * policy is not asked.
 */
export function formatPolicy(text: string): Result<string, readonly Fault[]> {
  let before = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const formatted = formatOnce(before);
    if (!formatted.ok || formatted.value === before) return formatted;
    before = formatted.value;
  }
  return ok(before);
}

function formatOnce(text: string): Result<string, readonly Fault[]> {
  const { root, document, faults } = parseSource(text);
  if (root === null || document === null || faults.hasErrors) return err(faults.all());
  if (root.kind !== "mapping") {
    faults.error(root, { code: "wrong_type", message: "Expected a mapping." });
    return err(faults.all());
  }
  const value = jsonOf(root);
  if (isJson(text)) return ok(`${JSON.stringify(sortedValue(value, POLICY_SCHEMA), null, 2)}\n`);
  const formatted = layOut(document);
  const again = parseSource(formatted).root;
  const isSame = again !== null && JSON.stringify(sorted(jsonOf(again))) === JSON.stringify(sorted(value));
  // INVARIANT: whoever formats a policy changes nothing that it says.
  if (!isSame) throw new Error("formatting a policy changed what it says");
  return ok(formatted);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const sorted = (value: JsonValue) => sortedValue(value, POLICY_SCHEMA);

function sortedValue(value: JsonValue, schema: Schema): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => sortedValue(item, schemaOfItems(schema)));
  if (!isJsonObject(value)) return value;
  const entries = inSchemaOrder(Object.entries(value), ([key]) => key, schema);
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedValue(inner, schemaUnder(schema, key))]));
}

function layOut(document: Document.Parsed): string {
  arrange(document.contents, POLICY_SCHEMA);
  // Texts are not folded: where they would be depends on what stands around them.
  const layout = { indent: 2, lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER };
  // Comments of several lines keep the carriage returns between them; texts have theirs escaped.
  return document.toString(layout).replaceAll("\r\n", "\n");
}

function arrange(node: unknown, schema: Schema): void {
  if (isMap(node)) {
    sortPairs(node, schema);
    for (const { key, value } of node.items) {
      // No empty line between a key and what it has.
      if (isNode(value)) value.spaceBefore = false;
      arrange(value, schemaUnder(schema, nameOf(key)));
    }
    fitToLine(node);
  } else if (isSeq(node)) {
    for (const item of node.items) arrange(item, schemaOfItems(schema));
    fitToLine(node);
  }
}

const nameOf = (key: unknown): string => (isScalar(key) ? String(key.value) : "");

function sortPairs(map: YAMLMap, schema: Schema): void {
  const items = inSchemaOrder(map.items, ({ key }) => nameOf(key), schema);
  const [wasFirst] = map.items;
  const [first] = items;
  map.items = [...items];
  if (first === wasFirst || !isNode(first?.key) || !isNode(wasFirst?.key)) return;
  // A comment at the head of a mapping belongs to the key below it, and an empty line to what it stands before.
  if (map.commentBefore != null && map.flow !== true) {
    wasFirst.key.commentBefore = [map.commentBefore, wasFirst.key.commentBefore].filter(Boolean).join("\n");
    map.commentBefore = null;
  }
  wasFirst.key.spaceBefore = first.key.spaceBefore === true;
  first.key.spaceBefore = false;
}

type Render = YAMLMap["toString"];

/** Brackets that do not fit into a line give way to indentation; only mappings have spaces inside of theirs. */
function fitToLine(node: YAMLMap | YAMLSeq): void {
  const render: Render = node.toString.bind(node);
  node.toString = (context, onComment, onChompKeep) => {
    if (context === undefined || node.flow !== true) return render(context, onComment, onChompKeep);
    const padded = { ...context, flowCollectionPadding: isMap(node) ? " " : "" };
    if (context.inFlow === true) return render(padded, onComment, onChompKeep);
    const line = render(padded);
    if (!line.includes("\n") && line.length <= MAX_FLOW_CHARS) return render(padded, onComment, onChompKeep);
    node.flow = false;
    return render(context, onComment, onChompKeep);
  };
}
