import fc from "fast-check";
import type { Finding } from "../../src/core/finding.ts";
import type { JsonObject, JsonValue } from "../../src/core/json.ts";
import { SECRET_RULES } from "../../src/scan/detectors/secrets/all.ts";
import { type SecretRule, secretRule } from "../../src/scan/secret-rule.ts";
import { isProtocolName, isProtocolWord } from "../../src/scan/vocabulary.ts";
import { literalAt, secretSamples } from "./secret-samples.ts";
import { assignment } from "./sensitive-values/assignment.ts";
import { authorization } from "./sensitive-values/authorization.ts";
import { commandLine } from "./sensitive-values/command-line.ts";
import { connectionString } from "./sensitive-values/connection-string.ts";
import { creditCard } from "./sensitive-values/credit-card.ts";
import { cryptoWallet } from "./sensitive-values/crypto-wallet.ts";
import { email } from "./sensitive-values/email.ts";
import { iban } from "./sensitive-values/iban.ts";
import { ip } from "./sensitive-values/ip.ts";
import { jwt } from "./sensitive-values/jwt.ts";
import { markers } from "./sensitive-values/markers.ts";
import { nationalId } from "./sensitive-values/national-id.ts";
import { phone } from "./sensitive-values/phone.ts";
import { privateKey } from "./sensitive-values/private-key.ts";
import { urlCredentials } from "./sensitive-values/url-credentials.ts";
import { usSsn } from "./sensitive-values/us-ssn.ts";

/** Kinds of values with what the codes of their findings begin with. */
export const KINDS = {
  assignment: { code: "secret.assignment", values: assignment },
  authorization: { code: "secret.authorization", values: authorization },
  commandLine: { code: "secret.command_line", values: commandLine },
  connectionString: { code: "secret.connection_string", values: connectionString },
  creditCard: { code: "pii.credit_card", values: creditCard },
  cryptoWallet: { code: "pii.crypto_wallet", values: cryptoWallet },
  email: { code: "pii.email", values: email },
  iban: { code: "pii.iban", values: iban },
  ip: { code: "pii.ip", values: ip },
  jwt: { code: "secret.jwt", values: jwt },
  markers: { code: "marker.", values: markers },
  nationalId: { code: "pii.national_id.", values: nationalId },
  phone: { code: "pii.phone", values: phone },
  privateKey: { code: "secret.private_key", values: privateKey },
  urlCredentials: { code: "secret.url_credentials", values: urlCredentials },
  usSsn: { code: "pii.us_ssn", values: usSsn },
} as const;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];

/** Something sensitive. With a name it is known by that only, as in `{"client_secret": "..."}`. */
export type Plant = { readonly code: string; readonly name: string | null; readonly text: string };

export const plantOf = (kind: KindName): fc.Arbitrary<Plant> =>
  KINDS[kind].values.map((text) => ({ code: KINDS[kind].code, name: null, text }));

/** What stands in a sheet between a name and what it names. */
const NAMED = "\u0002\u0000";

/** What a rule finds, beside one of the words that it needs. */
export function secretPlant(rule: SecretRule): fc.Arbitrary<Plant> {
  const word = rule.context?.[0] === undefined ? "" : `${rule.context[0]} `;
  const { look } = secretRule(rule);
  const accepted = secretSamples(rule).filter(
    (sample) => look(sample.before + sample.match, literalAt(rule, sample), () => true) !== null,
  );
  return accepted.map(({ before, match }) => {
    const text = word + before + match;
    const at = text.indexOf(NAMED);
    if (at < 0) return { code: rule.code, name: null, text };
    return { code: rule.code, name: text.slice(0, at), text: text.slice(at + NAMED.length) };
  });
}

/** A quote that has to follow is not in any sample. */
const ASKS_FOR_QUOTE = /\(\?=\["'/;
/** A word of the protocol's own is no name of the client's: `type` does not say what comes next. */
export const PLANTED_RULES = SECRET_RULES.filter(
  ({ code, pattern }) => code !== "secret.gcp_service_account" && !ASKS_FOR_QUOTE.test(pattern),
);

const builtIn = fc.constantFrom(...KIND_NAMES).chain(plantOf);
const secrets = fc.constantFrom(...PLANTED_RULES).chain(secretPlant);
export const plant: fc.Arbitrary<Plant> = fc.oneof(builtIn, secrets);
/** Of those that need no name. */
export const textPlant: fc.Arbitrary<Plant> = plant.filter(({ name }) => name === null);

const AROUND = [
  ["", ""],
  ["Please look at ", " and answer."],
  ["\n", "\n"],
  ["It is (", ")"],
  ["Größe: ", "\r\nund so weiter"],
  ["> ", " 👍"],
] as const;
/** Text with a place for something in it. */
export const around: fc.Arbitrary<(text: string) => string> = fc.constantFrom(...AROUND).map(
  ([before, after]) =>
    (text) =>
      before + text + after,
);

/** The same within a text. What its name alone makes sensitive stays as it is, and a command begins after white space. */
export function wrapped({ code, name, text }: Plant, wrap: (text: string) => string): Plant {
  if (name !== null) return { code, name, text };
  return { code, name, text: wrap(code === KINDS.commandLine.code ? `\n${text}` : text) };
}

/** A string, a number or a name of the client's own in a body. */
export type Slot = { readonly keys: readonly (string | number)[]; readonly kind: "string" | "number" | "name" };

export const pointer = (keys: readonly (string | number)[]): string =>
  keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** RFC 6901; undefined where nothing is there. */
export function resolve(body: JsonValue, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const part of path.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

export function slotsOf(value: JsonValue, keys: readonly (string | number)[] = []): readonly Slot[] {
  if (typeof value === "string") return [{ keys, kind: "string" }];
  if (typeof value === "number") return [{ keys, kind: "number" }];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item: JsonValue, index) => slotsOf(item, [...keys, index]));
  return Object.entries(value).flatMap(([key, item]: [string, JsonValue]) => {
    const inner = isProtocolWord(key, item) ? [] : slotsOf(item, [...keys, key]);
    return isProtocolName(key) ? inner : [{ keys: [...keys, key], kind: "name" as const }, ...inner];
  });
}

/** The body with something else in a place: another value, or another name for the same value. */
export function put(body: JsonObject, { keys, kind }: Slot, planted: JsonValue): JsonObject {
  const changed = changedAt(body, keys, (entry) =>
    kind === "name" ? [String(planted), entry[1]] : [entry[0], planted],
  );
  return changed as JsonObject;
}

type Entry = readonly [key: string, value: JsonValue];

function changedAt(value: JsonValue, keys: readonly (string | number)[], change: (entry: Entry) => Entry): JsonValue {
  const [at, ...rest] = keys;
  const entryOf = (entry: Entry): Entry => {
    if (entry[0] !== String(at)) return entry;
    return rest.length === 0 ? change(entry) : [entry[0], changedAt(entry[1], rest, change)];
  };
  if (Array.isArray(value)) return value.map((item: JsonValue, index) => entryOf([String(index), item])[1]);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(entryOf));
}

/** The path of what was put there. */
export const pathOfPlanted = ({ keys, kind }: Slot, planted: string): string =>
  pointer(kind === "name" ? [...keys.slice(0, -1), planted] : keys);

/** Plants what has a name as a field of an object in that place. */
export function plantInto(body: JsonObject, slot: Slot, { name, text }: Plant) {
  if (name === null) return { body: put(body, slot, text), path: pathOfPlanted(slot, text) };
  const holder: Slot = slot.kind === "name" ? { keys: slot.keys, kind: "string" } : slot;
  return { body: put(body, holder, { [name]: text }), path: `${pointer(holder.keys)}${pointer([name])}` };
}

export const isFoundAt = (findings: readonly Finding[], code: string, path: string): boolean =>
  findings.some((finding) => finding.code.startsWith(code) && finding.path === path);

/** Any body: names, texts and numbers of every sort, marks of the scanner's own and half characters among them. */
export const anyBody: fc.Arbitrary<JsonObject> = fc
  .json({ maxDepth: 5, stringUnit: "binary" })
  .map((text): JsonObject => ({ x_any: JSON.parse(text) }));
