import type { LiteralDetector, Match } from "../detector.ts";
import { ALPHANUMERIC, BASE64, isAt, isWithinWord, LETTER, runEnd } from "./characters.ts";
import { MAX_VALUE, passwordStrength, randomStrength } from "./credential-value.ts";

const CODE = "secret.authorization";
const SOURCES = ["https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2", "https://www.rfc-editor.org/rfc/rfc7617"];

const detector = (title: string, literals: readonly string[], look: LiteralDetector["look"]): LiteralDetector => ({
  kind: "literal",
  codes: [CODE],
  title,
  sources: SOURCES,
  literals,
  reach: MAX_VALUE,
  look,
});

/** Signs of header values, of tokens in them, and of base64. */
const VALUE_SIGNS: ReadonlySet<number> = new Set(Array.from("-._~+/@!#$%^*|", (sign) => sign.charCodeAt(0)));
const EQUALS = 0x3d;
const MAX_GAP = 12;
/** Between the name of a header and its value in whatever language: `: `, `"] = "`, `", "`, or the marks of a sheet. */
const GAP = " :=\"',]\\>(\u0000\u0002";

/** More than a few equals signs are no value but other names with theirs, and reading on would be reading them again. */
const MAX_EQUALS = 4;

function valueEnd(text: string, at: number): number {
  let equals = 0;
  let index = at;
  const last = Math.min(text.length, at + MAX_VALUE);
  for (; index < last; index++) {
    if (text.charCodeAt(index) === EQUALS) {
      if (++equals > MAX_EQUALS) return at;
    } else if (!isAt(text, index, ALPHANUMERIC) && !VALUE_SIGNS.has(text.charCodeAt(index))) break;
  }
  return index;
}

function randomAt(text: string, start: number, from: number): Match | null {
  const end = valueEnd(text, from);
  if (end - from < 8 || "({[".includes(text.charAt(end) || " ")) return null;
  const strength = randomStrength(text.slice(from, end));
  return strength === "weak" ? null : { code: CODE, start, end, strength };
}

/** `Authorization: Token x`, or the value without any scheme. `Bearer` and `Basic` are found by their own names. */
const header = detector(
  "The value of an Authorization header with a scheme such as Token or ApiKey, or with none.",
  ["authorization"],
  (text, at) => {
    const after = at + "authorization".length;
    let from = after;
    let tied = false;
    for (; from < after + MAX_GAP && GAP.includes(text.charAt(from) || "x"); from++) {
      tied ||= !" (".includes(text.charAt(from));
    }
    if (!tied || from === after + MAX_GAP) return null;
    const scheme = runEnd(text, from, LETTER, 16);
    const name = text.slice(from, text.charAt(scheme) === "-" ? runEnd(text, scheme + 1, LETTER, 16) : scheme);
    // Signatures and digests are of one request only.
    if (/^(?:bearer|basic|digest|negotiate|aws)$/i.test(name)) return null;
    const parted = text.charAt(from + name.length) === " ";
    return randomAt(text, at, parted ? from + name.length + 1 : from);
  },
);

const bearer = detector("A bearer token of an HTTP request.", ["bearer"], (text, at) => {
  const from = at + "bearer".length;
  if (text.charAt(from) !== " " || isWithinWord(text, at)) return null;
  return randomAt(text, at, from + 1);
});

const MAX_BASIC = 512;
const basic = detector("User and password of HTTP's basic authentication.", ["basic"], (text, at) => {
  const from = at + "basic".length + 1;
  if (text.charAt(from - 1) !== " " || !isAt(text, from, ALPHANUMERIC) || isWithinWord(text, at)) return null;
  const end = runEnd(text, from, BASE64, MAX_BASIC);
  if (end - from < 8) return null;
  const pair = Buffer.from(text.slice(from, end), "base64").toString("latin1");
  const colon = pair.indexOf(":");
  const [user, password] = [pair.slice(0, colon), pair.slice(colon + 1)];
  // The user has to be readable; what a password is made of, and in which encoding, nobody knows.
  if (colon < 0 || user.startsWith("{") || !/^[\x20-\x7e]{0,128}$/.test(user)) return null;
  if (password === user) return null;
  const strength = password === "" ? randomStrength(user) : passwordStrength(password);
  return strength === "weak" ? null : { code: CODE, start: at, end, strength };
});

/** Session cookies by the names that servers give them. */
const session = detector(
  "The cookie of a session.",
  ["sessid=", "sessionid=", "session_id=", "session-id=", "session=", ".sid=", "sessiontoken="],
  (text, at) => {
    const from = text.indexOf("=", at) + 1;
    return valueEnd(text, from) - from < 16 ? null : randomAt(text, at, from);
  },
);

export const authorizationDetectors: readonly LiteralDetector[] = [header, bearer, basic, session];
