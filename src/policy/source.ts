import { Composer, CST, type Document, Lexer, Parser } from "yaml";
import type { Position } from "./fault.ts";
import { Faults, type Said } from "./faults.ts";
import { anchorOf, nodeAt, type SourceNode } from "./source-node.ts";
import { MAX_DEPTH, readNodes } from "./source-tree.ts";
import { TextLines, withoutMark } from "./text-lines.ts";
import { isOfRefused, wordsOfError } from "./yaml-errors.ts";

const MAX_BYTES = 1_000_000;

/**
 * Characters that may stand in no file: controls, which terminals obey and the lexer uses for itself; a carriage return
 * of its own and the other line breaks of Unicode, which editors break lines at and YAML does not; and the controls of
 * writing direction, which show a reviewer another text than the one that is read. In double quotes all can be escaped.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\r(?!\n)|\p{Cs}/gu;

/** A policy file as it was read. */
export type Source = {
  /** Null where the text is no YAML, so that nothing can be said of what it means. */
  readonly root: SourceNode | null;
  /** The same as the YAML library has it, with its comments; null where `root` is. */
  readonly document: Document.Parsed | null;
  readonly faults: Faults;
  /** Where the value of a JSON Pointer stands, or the nearest thing around it that there is. */
  readonly positionOf: (path: string) => Position;
};

/**
 * Reads YAML 1.2 (core schema), and with it JSON, in time linear in the text. What makes one text mean several things is
 * refused: anchors, aliases, merge keys, tags, directives, second documents, keys that stand twice. Never throws.
 */
export function parseSource(given: string): Source {
  const text = withoutMark(given);
  const lines = new TextLines(text);
  const faults = new Faults(lines);
  const document = readsAsText(text, faults) ? readDocument(text, faults) : null;
  const root = document === null ? null : readNodes(document, faults);
  const positionOf = (path: string) =>
    lines.position(root === null ? { start: 0, end: 0 } : anchorOf(nodeAt(root, path)));
  return { root, document, faults, positionOf };
}

function readsAsText(text: string, faults: Faults): boolean {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    faults.inText({ start: 0, end: 0 }, { code: "too_large", message: "The file is larger than 1 MB." });
    return false;
  }
  for (const { 0: char, index } of text.matchAll(HIDDEN)) {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    faults.inText(
      { start: index, end: index + 1 },
      /\p{Cs}/u.test(char)
        ? { code: "invalid_unicode", message: `Half of a surrogate pair (U+${code}) is no character.` }
        : {
            code: "hidden_character",
            message: `The character U+${code} does not show, or changes how the file looks.`,
            suggestion: "remove it, or escape it in double quotes",
          },
    );
  }
  return !faults.hasErrors;
}

/** Null where it is no well-formed YAML. */
function readDocument(text: string, faults: Faults): Document.Parsed | null {
  const tokens = readTokens(text, faults);
  if (tokens === null) return null;
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // By our own pass, since the library compares every key with every other.
    uniqueKeys: false,
    logLevel: "silent",
  });
  const [document] = [...composer.compose(tokens, true, text.length)];
  if (document === undefined) throw new Error("the YAML library gave no document");
  const refusedBefore = faults.hasErrors;
  let isWellFormed = true;
  for (const error of document.errors) {
    if (refusedBefore && isOfRefused(error)) continue;
    isWellFormed = false;
    faults.inText({ start: error.pos[0], end: error.pos[1] }, { code: "syntax", ...wordsOfError(error) });
  }
  return isWellFormed ? document : null;
}

const REFUSED: Readonly<Partial<Record<CST.TokenType, Said>>> = {
  "directive-line": { code: "directive", message: "A policy has no YAML directives; it is YAML 1.2." },
  anchor: { code: "anchor", message: "A policy has no YAML anchors: what is meant is written where it is meant." },
  alias: {
    code: "alias",
    message: "A policy has no YAML aliases: what is meant is written where it is meant.",
    suggestion: "a text that begins with * needs quotes",
  },
  tag: {
    code: "tag",
    message: "A policy has no YAML tags: its schema says of what type a value is.",
    suggestion: "a text that begins with ! needs quotes",
  },
};

/** Null where it nests too deep to go on: everything behind here recurses. */
function readTokens(text: string, faults: Faults): readonly CST.Token[] | null {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let isScalar = false;
  let documents = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const span = { start: parser.offset, end: parser.offset + lexeme.length };
    const type: CST.TokenType | null = isScalar ? null : CST.tokenType(lexeme);
    const refused = type === null ? undefined : REFUSED[type];
    if (refused !== undefined) faults.inText(span, refused);
    isScalar = type === "scalar";
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === "document") documents++;
    }
    // The document and a scalar stand on the stack too.
    if (parser.stack.length > MAX_DEPTH + 2) {
      faults.inText(span, { code: "too_deep", message: `Mappings and lists nest deeper than ${MAX_DEPTH}.` });
      return null;
    }
    if (documents > 0 && parser.stack[0]?.type === "document") {
      faults.inText(span, {
        code: "multiple_documents",
        message: "A policy file is one document; here begins another.",
      });
      return tokens;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}
