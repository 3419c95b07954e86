import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import type { Faults } from "./faults.ts";
import { quoted } from "./quoted.ts";
import type { Entry, ListNode, MappingNode, SourceNode } from "./source-node.ts";
import type { Span } from "./text-lines.ts";

export const MAX_DEPTH = 64;
/** Far beyond any name that the schema lets be a key. */
const MAX_KEY_CHARS = 256;
/** A JSON number: no `0x1F`, `0o17`, `.inf`, and no `010`, which readers of YAML 1.1 take for eight. */
const PLAIN_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

/** The library's tree as our own, with what a policy cannot hold refused. Its aliases are never followed. */
export function readNodes(document: Document.Parsed, faults: Faults): SourceNode {
  return new Reader(faults).read(document.contents, { start: 0, end: 0 }, null, 0);
}

class Reader {
  private readonly faults: Faults;

  constructor(faults: Faults) {
    this.faults = faults;
  }

  /** `near` is where it would stand that is not there. */
  read(node: unknown, near: Span, place: SourceNode["place"], depth: number): SourceNode {
    const span = isNode(node) ? spanOf(node, near) : near;
    if (isScalar(node)) return this.readScalar(node, span, place);
    if (!isMap(node) && !isSeq(node)) {
      const isAbsent = !isAlias(node);
      return isAbsent ? { kind: "scalar", value: null, span, place } : { kind: "unreadable", span, place };
    }
    if (depth === MAX_DEPTH) {
      this.faults.inText(span, { code: "too_deep", message: `Mappings and lists nest deeper than ${MAX_DEPTH}.` });
      return { kind: "unreadable", span, place };
    }
    return isMap(node)
      ? this.readMapping(node.items, span, place, depth + 1)
      : this.readList(node.items, span, place, depth + 1);
  }

  private readMapping(pairs: readonly Pair[], span: Span, place: SourceNode["place"], depth: number): MappingNode {
    const entries = new Map<string, Entry>();
    const mapping: MappingNode = { kind: "mapping", entries, span, place };
    for (const { key, value } of pairs) {
      const at = isNode(key) ? spanOf(key, span) : span;
      const name = this.readKey(key, at);
      if (name === null) continue;
      const first = entries.get(name);
      if (first !== undefined) {
        const said = {
          code: "duplicate_key",
          message: `The key ${quoted(name)} stands twice in its mapping.`,
        } as const;
        this.faults.ofKey(mapping, name, at, said);
        continue;
      }
      const child = this.read(value, { start: at.end, end: at.end }, { parent: mapping, name }, depth);
      entries.set(name, { key: at, value: child });
    }
    return mapping;
  }

  private readList(nodes: readonly unknown[], span: Span, place: SourceNode["place"], depth: number): ListNode {
    const items: SourceNode[] = [];
    const list: ListNode = { kind: "list", items, span, place };
    for (const [name, item] of nodes.entries()) items.push(this.read(item, span, { parent: list, name }, depth));
    return list;
  }

  /** Null where it cannot be told what is meant. */
  private readKey(key: unknown, span: Span): string | null {
    if (!isScalar(key)) {
      this.faults.inText(span, { code: "key_not_text", message: "A key must be a text." });
      return null;
    }
    const name = typeof key.value === "string" ? key.value : (key.source ?? "");
    if (typeof key.value !== "string") {
      const suggestion = name === "" ? null : "write it in quotes";
      this.faults.inText(span, { code: "key_not_text", message: "A key must be a text.", suggestion });
      return name === "" || name.length > MAX_KEY_CHARS ? null : name;
    }
    if (name === "<<") {
      const message = "A policy has no YAML merge keys: what is meant is written where it is meant.";
      this.faults.inText(span, { code: "merge_key", message });
      return null;
    }
    if (name.length > MAX_KEY_CHARS) {
      const message = `A key has at most ${MAX_KEY_CHARS} characters.`;
      this.faults.inText(span, { code: "key_too_long", message });
      return null;
    }
    if (!name.isWellFormed()) {
      this.faults.inText(span, NO_UNICODE);
      return null;
    }
    return name;
  }

  private readScalar({ value, source }: Scalar, span: Span, place: SourceNode["place"]): SourceNode {
    if (typeof value === "string") {
      if (value.isWellFormed()) return { kind: "scalar", value, span, place };
      this.faults.inText(span, NO_UNICODE);
      return { kind: "unreadable", span, place };
    }
    if (typeof value === "number") {
      // There is one zero, whichever way it is signed.
      if (PLAIN_NUMBER.test(source ?? "")) return { kind: "scalar", value: value === 0 ? 0 : value, span, place };
      const message = "Numbers are written in plain decimal digits, without a zero in front.";
      this.faults.inText(span, { code: "number_form", message, suggestion: "a text of digits needs quotes" });
      return { kind: "unreadable", span, place };
    }
    if (typeof value === "boolean" || value === null) return { kind: "scalar", value, span, place };
    throw new Error("the core schema of YAML has no such scalar");
  }
}

const NO_UNICODE = {
  code: "invalid_unicode",
  message: "A text holds an escaped half of a surrogate pair, which is no character.",
} as const;

const isNode = (node: unknown): node is Node => isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);

function spanOf({ range }: Node, near: Span): Span {
  return range == null ? near : { start: range[0], end: range[1] };
}
