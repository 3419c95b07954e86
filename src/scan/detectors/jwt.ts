import type { LiteralDetector, Match } from "../detector.ts";
import { entropyOf } from "../entropy.ts";
import { ALPHANUMERIC, isAt } from "./characters.ts";

/** No header that anybody sends is longer; a certificate chain in one may be cut off. */
const MAX_HEADER = 4_096;
const MAX_PAYLOAD = 16_384;
const MAX_SIGNATURE = 1_024;
const LONG_PAYLOAD = 1_024;
/** `{"alg":"x"}` in base64url. */
const MIN_HEADER = 15;
const MIN_SIGNATURE = 32;
const MIN_SIGNATURE_ENTROPY = 3.5;

/**
 * A token of RFC 7519 in compact form: signed, encrypted or with `alg` none. Whether it has expired, or is the one of
 * every manual, is not asked.
 */
export const jwtDetector: LiteralDetector = {
  kind: "literal",
  codes: ["secret.jwt"],
  title: "A JSON Web Token whose header decodes to an object with an algorithm, signed, encrypted or unsecured.",
  sources: ["https://www.rfc-editor.org/rfc/rfc7519", "https://www.rfc-editor.org/rfc/rfc7516#section-3.1"],
  literals: ["eyj"],
  reach: MAX_HEADER,
  look(text, at) {
    if (!text.startsWith("eyJ", at) || isBase64Url(text, at - 1)) return null;
    const header = segmentEnd(text, at, MAX_HEADER);
    if (header - at < MIN_HEADER || text.charAt(header) !== ".") return null;
    const payload = segmentEnd(text, header + 1, MAX_PAYLOAD);
    // One that is longer than what is read at once is known by its beginning.
    const isCut = payload - header > LONG_PAYLOAD && text.startsWith("eyJ", header + 1);
    if (text.charAt(payload) !== "." && !isCut) return null;
    const kind = kindOf(text.slice(at, header));
    if (kind !== null && isCut) return match(at, payload);
    const end = kind === null ? null : tokenEnd(text, kind, header, payload);
    return end === null ? null : match(at, end);
  },
};

const match = (start: number, end: number): Match => ({ code: "secret.jwt", start, end, strength: "strong" });

function isBase64Url(text: string, at: number): boolean {
  if (isAt(text, at, ALPHANUMERIC)) return true;
  const character = text.charAt(at);
  return character === "-" || character === "_";
}

function segmentEnd(text: string, at: number, limit: number): number {
  let index = at;
  while (index < at + limit && isBase64Url(text, index)) index++;
  return index;
}

type Kind = "signed" | "encrypted" | "unsecured";

function kindOf(header: string): Kind | null {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
    if (typeof decoded !== "object" || decoded === null || !("alg" in decoded)) return null;
    if (typeof decoded.alg !== "string") return null;
    if ("enc" in decoded) return "encrypted";
    return decoded.alg.toLowerCase() === "none" ? "unsecured" : "signed";
  } catch {
    return null;
  }
}

/** Null where what should follow the header is missing or was replaced by filler. */
function tokenEnd(text: string, kind: Kind, header: number, payload: number): number | null {
  if (kind === "unsecured") return text.startsWith("eyJ", header + 1) ? payload + 1 : null;
  // Directly encrypted, the second part is empty; then come the vector, the ciphertext and the tag.
  let end = segmentEnd(text, payload + 1, kind === "signed" ? MAX_SIGNATURE : MAX_PAYLOAD);
  if (kind === "signed") {
    const signature = text.slice(payload + 1, end);
    const whole = signature.length >= MIN_SIGNATURE && entropyOf(signature) >= MIN_SIGNATURE_ENTROPY;
    return whole && payload > header + 1 ? end : null;
  }
  for (const part of [MAX_PAYLOAD, MAX_SIGNATURE]) {
    if (text.charAt(end) !== "." || !isBase64Url(text, end + 1)) return null;
    end = segmentEnd(text, end + 1, part);
  }
  return end;
}
