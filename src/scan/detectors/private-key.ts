import type { LiteralDetector, Match } from "../detector.ts";
import { entropyOf } from "../entropy.ts";
import { BOUNDARY, CUT, NAME_END } from "../sheet.ts";
import { BASE64, isAt, runEnd } from "./characters.ts";

const CODE = "secret.private_key";
const TITLE = "A private key: PEM, OpenSSH, PGP, PuTTY, SSH2, XML, JWK, or base64 DER without PEM lines.";

const ARMOUR = /-{4,5} ?BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}/y;
/** Less is no key, whatever its kind: an Ed25519 key takes 64 characters. */
const MIN_MATERIAL = 48;
const MAX_ARMOURED = 600;
const MIN_ENTROPY = 3.2;

/** Lines of key material after the armour; line ends may be escaped, quoted or gone. */
function armoured(text: string, at: number): Match | null {
  ARMOUR.lastIndex = at;
  const head = ARMOUR.exec(text);
  if (head === null) return null;
  const last = Math.min(text.length, at + head[0].length + MAX_ARMOURED);
  let material = "";
  let index = at + head[0].length;
  while (index < last && text.charCodeAt(index) > 2) {
    // The end of the block, or the next one.
    if (text.startsWith("----", index)) break;
    const end = runEnd(text, index, BASE64, last - index);
    // Escaped line ends stick to what is before them or after: `\n` is no letter n of the key.
    if (end - index >= 16) material += text.slice(index, end);
    if (material.length >= MIN_MATERIAL) {
      return entropyOf(material) < MIN_ENTROPY ? null : { code: CODE, start: at, end, strength: "strong" };
    }
    index = Math.max(end, index + 1);
  }
  return null;
}

/** A run of base64 that is long and random enough, with a match from `at` to its end. */
function materialAt(text: string, at: number, from: number, min: number, max: number): Match | null {
  const end = runEnd(text, from, BASE64, max);
  if (end - from < min || entropyOf(text.slice(from, end)) < 4) return null;
  return { code: CODE, start: at, end, strength: "strong" };
}

const detector = (
  literals: readonly string[],
  sources: readonly string[],
  look: LiteralDetector["look"],
): LiteralDetector => ({
  kind: "literal",
  codes: [CODE],
  title: TITLE,
  sources,
  literals,
  reach: 900,
  look,
});

const armour = detector(
  ["-----begin"],
  ["https://www.rfc-editor.org/rfc/rfc7468", "https://www.rfc-editor.org/rfc/rfc9580#section-6.2"],
  armoured,
);

const SSH2_HEAD = "---- BEGIN ";
const ssh2 = detector(["ssh2"], ["https://www.rfc-editor.org/rfc/rfc4716"], (text, at) =>
  text.startsWith(SSH2_HEAD, at - SSH2_HEAD.length) ? armoured(text, at - SSH2_HEAD.length) : null,
);

const PRIVATE_LINES = /Private-Lines: ?\d{1,3}(?:\r?\n|\\n|\\r\\n| )/y;
const putty = detector(
  ["private-lines:"],
  ["https://tartarus.org/~simon/putty-snapshots/htmldoc/AppendixC.html"],
  (text, at) => {
    PRIVATE_LINES.lastIndex = at;
    const head = PRIVATE_LINES.exec(text);
    return head === null ? null : materialAt(text, at, at + head[0].length, 40, 64);
  },
);

const xml = detector(["<d>"], ["https://www.rfc-editor.org/rfc/rfc6931#section-2.1.2"], (text, at) =>
  text.startsWith("<D>", at) ? materialAt(text, at, at + 3, 64, 700) : null,
);

/** What every DER file of a kind has after its length, in base64, where the key itself begins. */
const DER_HEADS = [
  "IBADANBgkqhkiG9w0BAQEFAASC",
  "IBAAKCAQ",
  "IBAAKBgQ",
  "IBAAKCAg",
  "MHcCAQEEI",
  "MC4CAQAwBQYDK2VwBCIEI",
];
const EC_HEADS = ["MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQ", "b3BlbnNzaC1rZXktdjEA"];
const HEADS = [...DER_HEADS, ...EC_HEADS];
const LENGTH_OF_HEAD = 6;
const der = detector(
  HEADS.map((head) => head.toLowerCase()),
  ["https://www.rfc-editor.org/rfc/rfc5208#section-5", "https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2"],
  (text, at) => {
    const head = HEADS.find((known) => text.startsWith(known, at));
    if (head === undefined) return null;
    const start = head.startsWith("IB") ? at - LENGTH_OF_HEAD : at;
    if (head.startsWith("IB") && !text.startsWith("MII", start)) return null;
    // Within a longer base64 run it is there by chance; behind PEM lines it is found by them.
    if (isAt(text, start - 1, BASE64) && text.charAt(start - 2) !== "\\") return null;
    const found = materialAt(text, start, at + head.length, 28, 200);
    return found === null || text.slice(Math.max(0, start - 160), start).includes("KEY-----") ? null : found;
  },
);

const SHEET_MARKS = `${BOUNDARY}${CUT}`;
const JWK_MEMBER = new RegExp(String.raw`["${SHEET_MARKS}][dk](?:${NAME_END}${BOUNDARY}|\\?"\s{0,4}:\s{0,4}\\?")`, "y");
const JWK_TYPE = new RegExp(String.raw`(?:^|["${SHEET_MARKS}])kty["\\${NAME_END}]`);
/** Other members of the same key stand so near, those of an RSA key of 4096 bits too. */
const JWK_WINDOW = 900;
/** In a parsed body, members are texts of their own, and each name ends with a mark. */
const jwk = detector(
  ['"d"', '"k"', '"d\\"', '"k\\"', `d${NAME_END}`, `k${NAME_END}`],
  ["https://www.rfc-editor.org/rfc/rfc7517#section-4", "https://www.rfc-editor.org/rfc/rfc7518#section-6"],
  (text, at) => {
    const start = text.charAt(at) === '"' ? at : at - 1;
    JWK_MEMBER.lastIndex = start;
    const head = start < 0 ? null : JWK_MEMBER.exec(text);
    const found = head === null ? null : materialAt(text, start, start + head[0].length, 32, 700);
    if (found === null) return null;
    const around = text.slice(Math.max(0, start - JWK_WINDOW), found.end + JWK_WINDOW);
    return JWK_TYPE.test(around) ? found : null;
  },
);

export const privateKeyDetectors: readonly LiteralDetector[] = [armour, ssh2, putty, xml, der, jwk];
