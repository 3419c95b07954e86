import { createHash } from "node:crypto";
import fc from "fast-check";
import { keccak256 } from "../../../src/scan/detectors/wallet/keccak-256.ts";

const BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

function inBase58(value: bigint, alphabet: string): string {
  let digits = "";
  for (let rest = value; rest > 0n; rest /= 58n) digits = alphabet.charAt(Number(rest % 58n)) + digits;
  return digits;
}

/** Base58Check of a version and a hash. */
export function base58Check(version: number, hash: Uint8Array, alphabet = BITCOIN): string {
  const payload = Buffer.from([version, ...hash]);
  const bytes = Buffer.concat([payload, sha256(sha256(payload)).subarray(0, 4)]);
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return alphabet.charAt(0).repeat(zeros) + inBase58(numberOf(bytes), alphabet);
}

function polymod(values: readonly number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return values.reduce((sum, value) => {
    const next = ((sum & 0x1ffffff) << 5) ^ value;
    return generators.reduce((mixed, generator, bit) => (((sum >>> 25) >> bit) & 1 ? mixed ^ generator : mixed), next);
  }, 1);
}

/** Bech32 (constant 1) or Bech32m of groups of five bits. */
export function bech32(prefix: string, groups: readonly number[], constant: number): string {
  const units = Array.from(prefix, (character) => character.charCodeAt(0));
  const head = [...units.map((unit) => unit >> 5), 0, ...units.map((unit) => unit & 31)];
  const sum = polymod([...head, ...groups, 0, 0, 0, 0, 0, 0]) ^ constant;
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31);
  return `${prefix}1${[...groups, ...check].map((group) => BECH32.charAt(group)).join("")}`;
}

export function eip55(hash: Uint8Array): string {
  const digits = Buffer.from(hash).toString("hex");
  const sum = Buffer.from(keccak256(Buffer.from(digits))).toString("hex");
  const cased = Array.from(digits, (digit, at) => (parseInt(sum.charAt(at), 16) > 7 ? digit.toUpperCase() : digit));
  return `0x${cased.join("")}`;
}

/** Monero's own base 58, eight bytes at a time. */
export function monero(keys: Uint8Array): string {
  const payload = Buffer.concat([Buffer.from([18]), keys]);
  const bytes = Buffer.concat([payload, Buffer.from(keccak256(payload)).subarray(0, 4)]);
  let address = "";
  for (let at = 0; at < bytes.length; at += 8) {
    const block = bytes.subarray(at, at + 8);
    address += inBase58(numberOf(block), BITCOIN).padStart(block.length === 8 ? 11 : 7, "1");
  }
  return address;
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const groups = (length: number) => fc.array(fc.integer({ min: 0, max: 31 }), { minLength: length, maxLength: length });
/** As a hash is: without the variety of one, it is a place holder. */
const hash = bytes(20).filter((value) => new Set(Buffer.from(value).toString("hex")).size >= 12);

const address = fc.oneof(
  fc
    .tuple(fc.constantFrom(0x00, 0x05, 0x30, 0x32, 0x1e, 0x41), hash)
    .map(([version, value]) => base58Check(version, value)),
  hash.map((value) => base58Check(0, value, RIPPLE)),
  fc.tuple(fc.constantFrom("bc", "ltc", "tb"), groups(32)).map(([prefix, rest]) => bech32(prefix, [0, ...rest], 1)),
  groups(52).map((rest) => bech32("bc", [1, ...rest], 0x2bc830a3)),
  groups(92).map((rest) => bech32("addr", rest, 1)),
  // Only what has letters of both cases carries a checksum.
  hash.map(eip55).filter((address) => /[a-f]/.test(address.slice(2)) && /[A-F]/.test(address)),
  hash.map((value) => `wallet 0x${Buffer.from(value).toString("hex")}`),
  bytes(64).map(monero),
);

/** Addresses with their checksums, and one kind without that says what it is. The scanner looks at words with a digit. */
export const cryptoWallet: fc.Arbitrary<string> = address.filter((value) => /\d/.test(value));
