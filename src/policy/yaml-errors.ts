import type { ErrorCode, YAMLParseError } from "yaml";

/**
 * What the YAML library finds, in our own words: its messages quote the file, and a keyword or a key may stand there.
 */
type Words = { readonly message: string; readonly suggestion?: string };

const NOT_WELL_FORMED: Words = { message: "This is no well-formed YAML." };

const WORDS: Readonly<Partial<Record<ErrorCode, Words>>> = {
  BAD_DIRECTIVE: { message: "This is no well-formed YAML directive, and a policy has none." },
  BAD_DQ_ESCAPE: {
    message: "This backslash begins no escape that YAML knows.",
    suggestion: "write two backslashes, or use single quotes, in which a backslash stands for itself",
  },
  BAD_INDENT: { message: "The indentation does not fit the lines around it." },
  BAD_SCALAR_START: { message: "A text cannot begin with this character.", suggestion: "write it in quotes" },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "A mapping or list cannot begin on the line of its key.",
    suggestion: "begin it on the next line; a text with a colon and a space in it needs quotes",
  },
  BLOCK_IN_FLOW: { message: "Inside of brackets a mapping or list needs brackets too." },
  KEY_OVER_1024_CHARS: { message: "A key is longer than 1024 characters, or its colon is missing." },
  MULTILINE_IMPLICIT_KEY: { message: "A key and its colon must stand on one line; a colon may be missing here." },
  TAB_AS_INDENT: { message: "A tab cannot indent in YAML.", suggestion: "use spaces" },
  UNEXPECTED_TOKEN: { message: "This cannot stand here; the value before it has ended." },
};

const MISSING: readonly (readonly [sign: RegExp, words: Words])[] = [
  [/quote/, { message: "A quoted text is not closed before here." }],
  [/map values/, { message: "This key needs a colon and a value." }],
  [/without - /, { message: "An item of a list needs a dash before it." }],
  [/Comments/, { message: "A comment needs a space before it." }],
  [/, or :|, between/, { message: "A comma or a colon is missing before this." }],
];
const NOT_CLOSED: Words = { message: "A bracket is not closed before here, or what is in it is indented too little." };

/** These come of anchors, aliases and tags, which are refused wherever they stand. */
const OF_REFUSED: ReadonlySet<ErrorCode> = new Set([
  "ALIAS_PROPS",
  "BAD_ALIAS",
  "BAD_COLLECTION_TYPE",
  "BAD_PROP_ORDER",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "TAG_RESOLVE_FAILED",
]);

export const isOfRefused = ({ code }: YAMLParseError): boolean => OF_REFUSED.has(code);

export function wordsOfError({ code, message }: YAMLParseError): Words {
  if (message.includes("and end with a")) return NOT_CLOSED;
  if (code === "MISSING_CHAR") return MISSING.find(([sign]) => sign.test(message))?.[1] ?? NOT_WELL_FORMED;
  return WORDS[code] ?? NOT_WELL_FORMED;
}
