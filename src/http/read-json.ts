import type { JsonValue } from "../core/json.ts";
import { findDuplicateKey } from "./duplicate-keys.ts";
import { Refusal } from "./problem.ts";
import { type BodyOptions, readBody } from "./read-body.ts";

/** Deeper than any chat protocol nests; keeps every later walk off the end of the stack. */
const MAX_DEPTH = 64;

export type ReadOptions = BodyOptions & {
  /**
   * Whether a body may come under another content type, or under none, as Ollama's own examples send it. Not from a web
   * page: one of any origin may send such a request, and the browser asks nobody first.
   */
  readonly anyType?: boolean;
};

/**
 * Reads a request body as JSON: content type checked, size and depth bounded, UTF-8 strict, strings well-formed,
 * no field twice in an object.
 * Throws a `Refusal` that names the field and quotes nothing.
 */
export async function readJson(request: Request, { anyType, ...options }: ReadOptions): Promise<JsonValue> {
  if (!anyType || request.headers.has("origin")) requireJsonType(request.headers);
  requireNoEncoding(request.headers);
  const text = decodeUtf8(await readBody(request, options));
  const { fieldCount: writtenCount, inexact } = requireDepth(text);
  const value = parseJson(text);
  const readCount = requireWellFormed(value, [], inexact);
  // The parser keeps the last field of a name. Counting costs next to nothing; what is searched is refused.
  if (readCount !== writtenCount) throw duplicateKey(text);
  return value;
}

function requireJsonType(headers: Headers): void {
  const contentType = headers.get("content-type")?.toLowerCase() ?? "";
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/.exec(contentType)?.[1] ?? "utf-8";
  if (contentType.split(";")[0]?.trim() !== "application/json" || charset !== "utf-8") {
    throw new Refusal(
      "request.unsupported_media_type",
      "Send the body with content-type: application/json, in UTF-8.",
      {
        field: "content-type",
      },
    );
  }
}

function requireNoEncoding(headers: Headers): void {
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new Refusal("request.unsupported_media_type", "Send the body without a content-encoding.", {
      field: "content-encoding",
    });
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal("request.invalid_json", "The body is not valid UTF-8.", { field: "body" });
  }
}

/**
 * Counted before parsing, in one pass, so that a parser never recurses into a hostile body. Gives how many fields all
 * objects of the text have together, and what is read of whole numbers that lose digits when they are read: scanner and
 * provider would see other ones.
 */
function requireDepth(text: string): { readonly fieldCount: number; readonly inexact: ReadonlySet<number> } {
  const inexact = new Set<number>();
  let depth = 0;
  let fieldCount = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === BACKSLASH) index++;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      if (++depth > MAX_DEPTH) throw tooDeep();
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) depth--;
    else if (unit === COLON) fieldCount++;
    else if (unit === MINUS || isDigit(unit)) {
      const start = index;
      while (isOfNumber(text.charCodeAt(index + 1))) index++;
      if (index - start < EXACT_DIGITS) continue;
      const source = text.slice(start, index + 1);
      if (/^-?\d+$/.test(source) && String(Number(source)) !== source) inexact.add(Number(source));
    }
  }
  return { fieldCount, inexact };
}

/** Whole numbers of so many digits all have a double of their own. */
const EXACT_DIGITS = 15;

const isDigit = (unit: number) => unit >= ZERO && unit <= NINE;

const isOfNumber = (unit: number) =>
  isDigit(unit) || unit === POINT || unit === MINUS || unit === PLUS || (unit | 0x20) === LETTER_E;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const COLON = 0x3a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_E = 0x65;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const tooDeep = () =>
  new Refusal("request.too_deep", `The body nests deeper than ${MAX_DEPTH} levels.`, { field: "body" });

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text around the fault, so it goes no further.
    throw new Refusal("request.invalid_json", "The body is not well-formed JSON.", { field: "body" });
  }
}

/**
 * A lone surrogate has no encoding: it would reach scanner and provider as different texts. Nor has a number beyond all
 * that a double holds: what was read of it could not be written again. Gives how many fields all objects have together.
 */
function requireWellFormed(value: unknown, path: Path, inexact: ReadonlySet<number>): number {
  let fieldCount = 0;
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw loneSurrogate(pointerOf(path));
  } else if (typeof value === "number") {
    if (!Number.isFinite(value) || inexact.has(value)) throw inexpressible(pointerOf(path));
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      path.push(index);
      fieldCount += requireWellFormed(value[index], path, inexact);
      path.pop();
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!key.isWellFormed()) throw loneSurrogate(pointerOf(path));
      path.push(key);
      fieldCount += 1 + requireWellFormed(item, path, inexact);
      path.pop();
    }
  }
  return fieldCount;
}

/** Where a walk is. It is written only where something is wrong: a body may have millions of places. */
type Path = (string | number)[];

const pointerOf = (path: Path): string =>
  path.map((step) => `/${typeof step === "number" ? step : (safeName(step) ?? "*")}`).join("");

/** Of two fields one would be scanned and the other, by a reader that keeps the first, be answered. */
function duplicateKey(text: string): Refusal {
  const { parents = [], key = "" } = findDuplicateKey(text) ?? {};
  const parent = pointerOf([...parents]);
  const name = safeName(key);
  const field = toFieldName(name === null ? parent : `${parent}/${name}`);
  const message = name === null ? `${field} has a field twice.` : `${field} stands twice in its object.`;
  return new Refusal("request.duplicate_key", message, { field });
}

function inexpressible(path: string): Refusal {
  const field = toFieldName(path);
  const message = `${field} is a number that cannot be carried digit by digit: whole numbers go up to 2^53.`;
  return new Refusal("request.invalid_field", message, { field });
}

function loneSurrogate(path: string): Refusal {
  const field = toFieldName(path);
  return new Refusal("request.invalid_unicode", `${field} holds a lone surrogate, which is not text.`, { field });
}

/** `/messages/0/content` -> `messages[0].content`; the body itself is `body`. */
export function toFieldName(pointer: string): string {
  const parts = pointer.split("/").slice(1);
  const name = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
  return name === "" ? "body" : name.replace(/^\./, "");
}

/** A client's key is content too: it is repeated only where it looks like the name of a field. */
export function safeName(key: string): string | null {
  return /^[a-z][A-Za-z0-9_]{0,39}$/.test(key) ? key : null;
}
