import type { Strength } from "../../detector.ts";
import type { SecretRule } from "../../secret-rule.ts";
import { inAnyCase, type ValueForm } from "./value-form.ts";

export { alphanumeric, characters, hex, urlSafe } from "./value-form.ts";

/** A kind of secret whose value looks like much else; the name that it is assigned to gives it away. */
export type KeyedSecret = {
  readonly code: `secret.${string}`;
  readonly title: string;
  readonly source: string;
  /** Lower-case ASCII without white space, four characters at least, in each spelling that occurs. None within another. */
  readonly names: readonly string[];
  readonly value: ValueForm;
  /** Bits a character, of the value; by default somewhat less than random hexadecimal digits have. */
  readonly minEntropy?: number;
  /** Bits of surprise a character; less for values that are letters only, which may read like words. */
  readonly minSurprise?: number;
  /** The names say by themselves that a secret follows, as `secret_access_key` does; else a word that does must come. */
  readonly complete?: boolean;
  readonly strength?: Strength;
};

const SECRET_WORDS = ["key", "token", "secret", "pass", "auth", "cred", "pwd", "pat", "api", "bearer", "license"];
/** A name begins a word, or a hump of a word such as `myDatadogKey`; not the middle of one such as `CameraKit`. */
const NAME_START = "(?:(?<![A-Za-z0-9])|(?<=[a-z0-9])(?=[A-Z]))";
const GAP = "[\\w.\\- \\t]";
const MAX_LEAD = 24;
const MAX_REST = 16;
/** Spaces that line values up in columns. */
const MAX_PADDING = 12;
/** Before the word that says what it is there may be an index: `$vendor['token']`, `config["vendor"]["key"]`. */
const LEAD_GAP = "[\\w.\\- \\t['\"\\]]";
const LEAD = `${LEAD_GAP}{0,${MAX_LEAD}}?(?:${SECRET_WORDS.map(inAnyCase).join("|")})`;
/** An assignment in code, configuration, markup, a call or a sentence; or the mark between a name and its value in a sheet. */
const SIGN = [
  "(?:[\"'`\\]\\\\]{1,3}[ \\t]{0,3})?",
  "(?::{0,3}=|\\?=|=>|\\|\\|:=|==|:|,|>|\\||\\(|[iI]s[ \\t]|\\x02\\x00)",
  `[ \\t]{0,${MAX_PADDING}}(?:!!?str[ \\t])?(?:\\\\?["'\`])?`,
].join("");
const MAX_SIGN = 23 + MAX_PADDING;
const DEFAULT_ENTROPY = 2.8;
const MIN_SURPRISE = 0.85;

export function keyedSecret(keyed: KeyedSecret): SecretRule {
  const { code, title, source, names, value, complete = false, strength } = keyed;
  const named = names.map((name) => (complete || saysSecret(name) ? inAnyCase(name) : `${inAnyCase(name)}${LEAD}`));
  return {
    code,
    title,
    source,
    literals: names,
    pattern: `${NAME_START}(?:${named.join("|")})${GAP}{0,${MAX_REST}}?${SIGN}(${value.pattern})(?![\\w+/\\-])`,
    minEntropy: keyed.minEntropy ?? DEFAULT_ENTROPY,
    minSurprise: keyed.minSurprise ?? MIN_SURPRISE,
    inWord: true,
    reach: Math.max(...names.map((name) => name.length)) + MAX_LEAD + MAX_REST + MAX_SIGN + value.maxLength + 8,
    ...(strength === undefined ? {} : { strength }),
  };
}

/** Whether a name needs no further word, as `dd_api_key` does not. */
function saysSecret(name: string): boolean {
  return SECRET_WORDS.some((word) => name.endsWith(word));
}
