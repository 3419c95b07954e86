import { schemaOfItems, schemaUnder } from "./canonical-order.ts";
import { POLICY_SCHEMA, resolved, type Schema } from "./json-schema.ts";
import { entriesOf, pathOf, type SourceNode } from "./source-node.ts";
import { nearest } from "./suggest.ts";

/** What the schema has at the place of a value; without a type where that is nothing. */
function schemaAt({ place }: SourceNode): Schema {
  if (place === null) return POLICY_SCHEMA;
  const around = schemaAt(place.parent);
  return place.parent.kind === "list" ? schemaOfItems(around) : schemaUnder(around, String(place.name));
}

/**
 * Whether a key may stand in a message, a path or an excerpt. A keyword with a colon in it reads as a key when its
 * quotes are missing, and with a dash missing too it is one of the signal: so around keywords, patterns and the texts of
 * tests only what the schema has is named, and what was clearly meant to be that.
 */
export function mayBeNamed(mapping: SourceNode, key: string): boolean {
  const schema = schemaAt(mapping);
  if (mapping.kind !== "mapping" || schema.type !== "object") return false;
  const { properties } = schema;
  if (properties === undefined) return !isMisplaced(mapping.entries.get(key)?.value, schemaUnder(schema, key), mapping);
  if (Object.hasOwn(properties, key) || !isPrivate(mapping)) return true;
  const absent = Object.keys(properties).filter((name) => !mapping.entries.has(name));
  return sectionWith(key, properties) !== null || isMisspelt(key, absent);
}

/** A text, a number or nothing in the place of a mapping, as a signal: the keyword is two levels too high. */
const isMisplaced = (value: SourceNode | undefined, expected: Schema, mapping: SourceNode): boolean =>
  value?.kind === "scalar" && expected.type === "object" && isPrivate(mapping);

/** What keywords, patterns and texts of tests stand under or beside, even where that was indented into something else. */
const MARKS: readonly string[] = ["signals", "keywords", "patterns", "pattern", "tests", "given", "text"];

function isPrivate(mapping: SourceNode): boolean {
  const [, section, , part] = pathOf(mapping).split("/");
  if (section === "signals" || section === "tests") return section === "signals" || part !== "expect";
  for (let node = mapping; node.place !== null; node = node.place.parent) {
    const entries = entriesOf(node);
    if (MARKS.some((mark) => entries.has(mark))) return true;
  }
  return false;
}

/** All of it, not one word of a phrase: `customer groups` is no `groups`. */
function isMisspelt(key: string, names: readonly string[]): boolean {
  const joined = key.replace(/[-_\s]/g, "");
  return names.includes(joined) || nearest(joined, names) !== null;
}

/** Where a key belongs that stands one level too high; null where nothing there has it. */
export function sectionWith(key: string, properties: NonNullable<Schema["properties"]>): string | null {
  const place = Object.keys(properties).find((name) => {
    const inner = resolved(properties[name] ?? {}).properties;
    return inner !== undefined && Object.hasOwn(inner, key);
  });
  return place ?? null;
}

/** JSON Pointer (RFC 6901) to a value, or to what is around the first key on its way that may not be named. */
export function nameablePath(node: SourceNode): string {
  let shown = node;
  for (let { place } = node; place !== null; place = place.parent.place) {
    if (place.parent.kind === "mapping" && !mayBeNamed(place.parent, String(place.name))) shown = place.parent;
  }
  return pathOf(shown);
}
