import type { JsonValue } from "../core/json.ts";
import type { Span } from "./text-lines.ts";

/** What a policy file says, with where it says it. A tree: nothing in it is shared. */
export type SourceNode = MappingNode | ListNode | ScalarNode | UnreadableNode;

type Placed = {
  readonly span: Span;
  /** What it is a part of; null for the whole. */
  readonly place: { readonly parent: MappingNode | ListNode; readonly name: string | number } | null;
};

export type MappingNode = Placed & { readonly kind: "mapping"; readonly entries: ReadonlyMap<string, Entry> };
export type Entry = { readonly key: Span; readonly value: SourceNode };
export type ListNode = Placed & { readonly kind: "list"; readonly items: readonly SourceNode[] };
export type ScalarNode = Placed & { readonly kind: "scalar"; readonly value: string | number | boolean | null };
/** It was refused when it was read, and that was said: nothing more can be said of it. */
export type UnreadableNode = Placed & { readonly kind: "unreadable" };

/** The plain value; what is unreadable is null. Keys are own properties, whatever they are called. */
export function jsonOf(node: SourceNode): JsonValue {
  switch (node.kind) {
    case "mapping":
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, jsonOf(value)]));
    case "list":
      return node.items.map(jsonOf);
    case "scalar":
      return node.value;
    case "unreadable":
      return null;
  }
}

/** JSON Pointer (RFC 6901). */
export function pathOf(node: SourceNode): string {
  const names: (string | number)[] = [];
  for (let place = node.place; place !== null; place = place.parent.place) names.unshift(place.name);
  return names.map((name) => `/${pointerToken(name)}`).join("");
}

export const pointerToken = (name: string | number): string => `${name}`.replaceAll("~", "~0").replaceAll("/", "~1");

/** What a JSON Pointer names, or as much of its way as there is. */
export function nodeAt(root: SourceNode, path: string): SourceNode {
  let node = root;
  for (const token of path.split("/").slice(1)) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    const next = node.kind === "list" ? node.items[Number(name)] : entriesOf(node).get(name)?.value;
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

/**
 * What to point at: a scalar itself; of a mapping or a list the key that it stands under, since it begins where nobody
 * looks; of an item of a list its first line.
 */
export function anchorOf(node: SourceNode): Span {
  const { span, place } = node;
  const isVisible = node.kind === "scalar" && span.end > span.start;
  if (isVisible || place === null) return place === null ? firstEntryOf(node) : span;
  if (place.parent.kind === "mapping") return place.parent.entries.get(String(place.name))?.key ?? span;
  return firstEntryOf(node);
}

function firstEntryOf(node: SourceNode): Span {
  const [first] = entriesOf(node).values();
  if (first === undefined) return node.span;
  const last = first.value.kind === "scalar" ? first.value.span : first.key;
  return { start: first.key.start, end: Math.max(first.key.end, last.end) };
}

const NO_ENTRIES: ReadonlyMap<string, Entry> = new Map();

/** None where it is anything but a mapping; `check-shape.ts` says so. */
export const entriesOf = (node: SourceNode | undefined): ReadonlyMap<string, Entry> =>
  node?.kind === "mapping" ? node.entries : NO_ENTRIES;

/** None where it is anything but a list. */
export const itemsOf = (node: SourceNode | undefined): readonly SourceNode[] =>
  node?.kind === "list" ? node.items : [];

/** What stands under these keys; undefined where nothing does. */
export const under = (node: SourceNode | undefined, ...keys: readonly string[]): SourceNode | undefined =>
  keys.reduce<SourceNode | undefined>((inner, key) => entriesOf(inner).get(key)?.value, node);

/** A text where it stands. */
export type TextAt = { readonly text: string; readonly node: SourceNode };

/** A single text, or the texts of a list; anything else is left out. */
export function textsOf(node: SourceNode | undefined): readonly TextAt[] {
  if (node?.kind === "list") return node.items.flatMap(textsOf);
  return node?.kind === "scalar" && typeof node.value === "string" ? [{ text: node.value, node }] : [];
}

/** The text that stands under a key; undefined where there is none. */
export const textUnder = (node: SourceNode | undefined, ...keys: readonly string[]): TextAt | undefined => {
  const found = under(node, ...keys);
  return found?.kind === "scalar" ? textsOf(found)[0] : undefined;
};
