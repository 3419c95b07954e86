import type { Strength } from "../../detector.ts";
import type { SecretRule } from "../../secret-rule.ts";
import { type ValueForm, verbatim } from "./value-form.ts";

/** A kind of secret that its prefix gives away. */
export type PrefixedSecret = {
  readonly code: `secret.${string}`;
  readonly title: string;
  readonly source: string;
  readonly prefixes: readonly string[];
  readonly value: ValueForm;
  readonly minEntropy?: number;
  /** The value is not at its end after `maxLength`: so much of it tells enough. */
  readonly open?: boolean;
  /** The value has a digit and letters of both cases, as a name in a program seldom has. */
  readonly mixed?: boolean;
  readonly context?: readonly string[];
  readonly strength?: Strength;
};

const DEFAULT_ENTROPY = 2.8;

export function prefixedSecret(secret: PrefixedSecret): SecretRule {
  const { code, title, source, prefixes, value, open = false, mixed = false, context, strength } = secret;
  const { maxLength } = value;
  const mix = mixed ? ["0-9", "A-Z", "a-z"].map((kind) => `(?=[\\w\\-]{0,${maxLength - 1}}?[${kind}])`).join("") : "";
  const prefix = prefixes.length === 1 ? prefixes.map(verbatim).join("") : `(?:${prefixes.map(verbatim).join("|")})`;
  return {
    code,
    title,
    source,
    literals: [...new Set(prefixes.map((text) => text.toLowerCase()))],
    pattern: `${prefix}${mix}(${value.pattern})${open ? "" : "(?![A-Za-z0-9])"}`,
    minEntropy: secret.minEntropy ?? DEFAULT_ENTROPY,
    reach: Math.max(...prefixes.map((text) => text.length)) + maxLength + 1,
    ...(context === undefined ? {} : { context }),
    ...(strength === undefined ? {} : { strength }),
  };
}

const USUAL_ENTROPY = 3.3;

/** One prefix and a value after it: the form of most keys of models and of the services around them. */
export const prefixedKey = (
  kind: string,
  title: string,
  source: string,
  prefix: string,
  value: ValueForm,
  minEntropy = USUAL_ENTROPY,
): SecretRule => prefixedSecret({ code: `secret.${kind}`, title, source, prefixes: [prefix], value, minEntropy });
