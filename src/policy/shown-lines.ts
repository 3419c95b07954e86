import { schemaOfItems, schemaUnder } from "./canonical-order.ts";
import { mayBeNamed } from "./confidential.ts";
import { POLICY_SCHEMA, type Schema } from "./json-schema.ts";
import { parseSource } from "./source.ts";
import type { SourceNode } from "./source-node.ts";
import { type Span, TextLines, withoutMark } from "./text-lines.ts";

export const HIDDEN = "…";
/** What stands under these is not shown: it is to be found in nobody's prompt, log or terminal. */
const CONFIDENTIAL: ReadonlySet<string> = new Set(["keywords", "pattern", "api_key", "base_url", "text"]);
/** What stands before the first key or value of a line. */
const INDENT = /^[\s\-?{[,]*/;
const PUNCTUATION = /[\s\-?{}[\],:]/;

/**
 * As much of some lines as says nothing that nobody is to read, by their numbers; what is left out is `…`. Only what the
 * schema knows to be harmless is shown, so that a fault shows nothing of what stands beside it.
 */
export function shownLines(text: string, numbers: ReadonlySet<number>): ReadonlyMap<number, string> {
  const lines = new TextLines(withoutMark(text));
  const { root } = parseSource(text);
  return root === null ? linesOfBroken(lines, numbers) : linesOfTree(root, lines, numbers);
}

/** Something of a line that may be shown, from the column `start`, which counts from 0, to before `end`. */
type Stretch = { readonly start: number; readonly end: number; readonly isKey: boolean };

function linesOfTree(root: SourceNode, lines: TextLines, numbers: ReadonlySet<number>): ReadonlyMap<number, string> {
  const stretches = new Map([...numbers].map((number) => [number, new Map<number, Stretch>()]));
  const show = (span: Span, isKey: boolean): void => {
    if (span.end <= span.start) return;
    // Of a text that goes on in the next line, only the first: what was indented too far has become a part of it.
    const { line, column, length } = lines.position(span);
    stretches.get(line)?.set(column - 1, { start: column - 1, end: column - 1 + length, isKey });
  };
  visit(root, POLICY_SCHEMA, show);
  return new Map([...stretches].map(([number, of]) => [number, beginningOf(lines.line(number), of)]));
}

function visit(node: SourceNode, schema: Schema, show: (span: Span, isKey: boolean) => void): void {
  const { properties } = schema;
  if (node.kind === "mapping") {
    for (const [key, { key: span, value }] of node.entries) {
      if (!mayBeNamed(node, key)) continue;
      show(span, true);
      if (properties === undefined || !CONFIDENTIAL.has(key)) visit(value, schemaUnder(schema, key), show);
    }
  } else if (node.kind === "list") {
    for (const item of node.items) visit(item, schemaOfItems(schema), show);
  } else if (isOfScalars(schema)) show(node.span, false);
}

const isOfScalars = (schema: Schema): boolean =>
  schema.type === undefined || schema.type === "array"
    ? schema.const !== undefined || isScalar(schemaOfItems(schema))
    : isScalar(schema);

const isScalar = ({ type, const: only }: Schema): boolean =>
  only !== undefined || type === "string" || type === "integer" || type === "boolean";

function beginningOf(line: string, stretches: ReadonlyMap<number, Stretch>): string {
  let shown = INDENT.exec(line)?.[0].length ?? 0;
  for (let at = 0; at < line.length; ) {
    const stretch = stretches.get(at);
    if (stretch !== undefined) {
      at = stretch.end;
      if (stretch.isKey) at += /^\s*:/.exec(line.slice(at, at + 2))?.[0].length ?? 0;
      shown = at;
    } else if (PUNCTUATION.test(line.charAt(at))) at++;
    else return line.slice(0, shown) + HIDDEN;
  }
  return line;
}

/** Sections of a file that have no keywords, patterns or texts of tests. */
const OPEN_SECTIONS: ReadonlySet<string> = new Set(
  Object.keys(POLICY_SCHEMA.properties ?? {}).filter((name) => name !== "signals" && name !== "tests"),
);
const PRIVATE_KEYS: ReadonlySet<string> = new Set([
  ...["signals", "keywords", "patterns", "pattern"],
  ...["tests", "given", "text"],
]);
/** A key with its colon, in quotes or not. */
const KEY = /(?<![\p{L}\p{N}_.$-])(["']?)([\p{L}\p{N}_.$-]{1,256})\1\s*:(?=\s|$)/gu;
const SCHEMA_KEYS = schemaKeys();

/** Where the text is no YAML, nobody can say what stands under what: only words of the schema are shown. */
function linesOfBroken(lines: TextLines, numbers: ReadonlySet<number>): ReadonlyMap<number, string> {
  const shown = new Map<number, string>();
  let isOpen = false;
  for (let number = 1; number <= Math.max(0, ...numbers); number++) {
    const line = lines.line(number);
    const keys = [...line.matchAll(KEY)].map(({ 2: key = "" }) => key);
    if (/^[^\s#]/.test(line)) isOpen = /^["'\p{L}]/u.test(line) && OPEN_SECTIONS.has(keys[0] ?? "");
    if (keys.some((key) => PRIVATE_KEYS.has(key))) isOpen = false;
    if (numbers.has(number)) shown.set(number, beginningOfBroken(line, isOpen));
  }
  return shown;
}

/** Values are shown only in an open section. */
function beginningOfBroken(line: string, isOpen: boolean): string {
  const indent = INDENT.exec(line)?.[0].length ?? 0;
  let from = indent;
  for (const match of line.matchAll(KEY)) {
    const { 0: written, 2: key = "", index } = match;
    // What stands before the first key goes on with what the lines above began.
    if (from === indent && index > indent) break;
    from = SCHEMA_KEYS.has(key) ? index + written.length : index;
    if (!isOpen || !SCHEMA_KEYS.has(key) || CONFIDENTIAL.has(key)) break;
    from = line.length;
  }
  return line.slice(0, from) + (from < line.length ? HIDDEN : "");
}

function schemaKeys(): ReadonlySet<string> {
  const keys = new Set<string>();
  const visitSchema = ({ properties = {}, patternProperties = {}, items, anyOf = [], $defs = {} }: Schema): void => {
    for (const key of Object.keys(properties)) keys.add(key);
    const parts = [...Object.values({ ...properties, ...patternProperties, ...$defs }), ...anyOf];
    for (const part of items === undefined ? parts : [...parts, items]) visitSchema(part);
  };
  visitSchema(POLICY_SCHEMA);
  return keys;
}
