import type { LiteralDetector, Strength } from "../detector.ts";
import { type AssignedValue, valueAfter } from "./assigned-value.ts";
import { isQualified, nameEnd, nameStart, namesPassword } from "./assignment-name.ts";
import { credentialStrength, isVaried } from "./credential-value.ts";

/**
 * A name that says `password`, `secret`, `token` or the like, and a value beside it. Code is full of such names beside
 * words, identifiers, paths and calls. What counts is how surprising the value is: random values are strong, and what
 * people choose for a password is medium, where the name says that it is one and the value is more than a word.
 */
export const assignmentDetector: LiteralDetector = {
  kind: "literal",
  codes: ["secret.assignment", "secret.command_line"],
  title: "A password, token, secret or key beside a name that says so, in code, configuration or prose.",
  sources: ["https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"],
  literals: ["pass", "pwd", "pw=", "pw:", "secret", "token", "key", "cred", "auth"],
  reach: 400,
  look(text, at) {
    const end = nameEnd(text, at);
    if (end < 0) return null;
    const value = valueAfter(text, at, end);
    if (value === null || !isQualified(text, at) || isPadding(text, end)) return null;
    const strength = strengthOf(text.slice(value.start, value.end), namesPassword(text, at), value);
    if (strength === "weak") return null;
    const start = nameStart(text, at);
    // An option of a command: `--db-password x`, `-ClientSecret 'x'`.
    const code = text.charAt(start) === "-" ? "secret.command_line" : "secret.assignment";
    return { code, start, end: value.end, strength };
  },
};

/** `pw== ` ends a text in base64. */
const isPadding = (text: string, end: number): boolean =>
  text.startsWith("== ", end) && (text.charCodeAt(end - 1) | 0x20) === 0x77;

/** What code and markup are made of: a value with one of them was read across its end. */
const CODE_SIGNS: ReadonlySet<number> = new Set(Array.from("(){}[]<>;,\\\"'", (sign) => sign.charCodeAt(0)));
const MAX_CHOSEN = 40;

function strengthOf(value: string, isPassword: boolean, { quoted, hold }: AssignedValue): Strength {
  for (let index = 0; index < value.length; index++) if (CODE_SIGNS.has(value.charCodeAt(index))) return "weak";
  const chosen = isPassword && hold === "firm" && value.length <= MAX_CHOSEN && isVaried(value);
  const strength = credentialStrength(value, chosen);
  if (hold === "bare" && strength !== "strong") return "weak";
  if (strength === "medium" && RELATIVE_PATH.test(value)) return "weak";
  if (strength === "weak" || isElsewhere(value)) return "weak";
  // Not quoted, what begins with a dash is mostly the next option; what is random all over may begin with anything.
  if (!quoted && (isExpression(value) || (value.startsWith("-") && strength !== "strong"))) return "weak";
  return strength;
}

const FILE =
  /\.(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml|env|txt|html?|php|[jt]sx?|py|go|java|svg|png|com|org|net|io)$/i;

const RELATIVE_PATH = /^(?:[a-z][a-z0-9_.-]{1,40}\/){1,8}[a-z][a-z0-9_.-]{1,60}$/;

/** An address, a path, a file or an e-mail address: it says where something is. */
function isElsewhere(value: string): boolean {
  if (value.includes("://") || value.startsWith("urn:")) return true;
  if (value.startsWith("/") && isPath(value)) return true;
  return ("~@#.".includes(value.charAt(0)) && value.charAt(1) === "/") || (value.includes(".") && FILE.test(value));
}

/** Base64 may begin with a slash, too: a path has names that read like words. */
const isPath = (value: string): boolean =>
  /^(?:\/[\w.@-]{1,40}){1,12}\/?$/.test(value) && !/[a-z][A-Z]{2,9}|\d[a-z]\d/.test(value);

/** Not quoted, this form is a property, a number or a tag of YAML. */
function isExpression(value: string): boolean {
  if (/^!{1,2}[A-Za-z]{1,32}$/.test(value)) return true;
  return value.includes(".")
    ? /^[A-Za-z_$]\w{0,80}\.[A-Za-z_$][\w$.]{0,80}$/.test(value)
    : /^0x[0-9a-f]{1,16}$/i.test(value);
}
