import type { Match, Near, WordDetector } from "../detector.ts";
import { BITCOIN_BASE58, isBase58Check, RIPPLE_BASE58, readBase58 } from "./wallet/base58.ts";
import { isBech32 } from "./wallet/bech32.ts";
import { keccak256 } from "./wallet/keccak-256.ts";

const CODE = "pii.crypto_wallet";

const MIN_BASE58 = 26;
const MAX_BASE58 = 35;
/** First bytes of addresses: Bitcoin 00, 05 and for tests 6f, c4; Litecoin 30, 32; Dogecoin 1e, 16; Dash 4c, 10; Tron 41. */
const VERSIONS: ReadonlySet<number> = new Set([0x00, 0x05, 0x6f, 0xc4, 0x30, 0x32, 0x1e, 0x16, 0x4c, 0x10, 0x41]);
const RIPPLE_VERSIONS: ReadonlySet<number> = new Set([0x00]);
/** What those begin with once they are written in base 58. */
const FIRST_CHARACTERS: ReadonlySet<number> = new Set(
  Array.from("13mn2LMDA9X7T", (character) => character.charCodeAt(0)),
);
const RIPPLE_FIRST = 0x72;

function isBase58Address(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  if (first === RIPPLE_FIRST) return isBase58Check(text, start, end, RIPPLE_BASE58, RIPPLE_VERSIONS);
  return FIRST_CHARACTERS.has(first) && isBase58Check(text, start, end, BITCOIN_BASE58, VERSIONS);
}

/** Human-readable parts of Bech32 addresses: Bitcoin, its tests, Litecoin, Cardano, Cosmos. */
const PREFIXES = ["bc", "tb", "ltc", "addr", "stake", "cosmos"] as const;
const MIN_BECH32 = 42;
const MAX_BECH32 = 108;

function isBech32Address(text: string, start: number, end: number): boolean {
  for (const prefix of PREFIXES) {
    const { length } = prefix;
    if (text.charCodeAt(start + length) !== 0x31 || (text.charCodeAt(start) | 0x20) !== prefix.charCodeAt(0)) continue;
    if (text.slice(start, start + length).toLowerCase() === prefix) return isBech32(text, start, end, length);
  }
  return false;
}

const ETHEREUM_LENGTH = 42;
const hexBytes = new Uint8Array(ETHEREUM_LENGTH - 2);
/** Fewer different digits than any hash has: a place holder, or nobody's address such as zero. */
const MIN_VARIETY = 8;

/** Reads the hexadecimal digits into `hexBytes` as lower case. How the letters are written, or null if it is no hex. */
function readHex(text: string, start: number): "mixed" | "one case" | null {
  let uppers = 0;
  let lowers = 0;
  let seen = 0;
  for (let index = 0; index < hexBytes.length; index++) {
    const unit = text.charCodeAt(start + 2 + index);
    const lower = unit | 0x20;
    const isDigit = unit >= 0x30 && unit <= 0x39;
    if (!isDigit && (lower < 0x61 || lower > 0x66)) return null;
    if (!isDigit && unit === lower) lowers++;
    else if (!isDigit) uppers++;
    hexBytes[index] = isDigit ? unit : lower;
    seen |= 1 << (isDigit ? unit - 0x30 : lower - 0x61 + 10);
  }
  let variety = 0;
  for (; seen > 0; seen &= seen - 1) variety++;
  if (variety < MIN_VARIETY) return null;
  return uppers > 0 && lowers > 0 ? "mixed" : "one case";
}

/** EIP-55: a letter is upper case where the same digit of the address's own hash is 8 or more. */
function isCaseRight(text: string, start: number): boolean {
  const hash = keccak256(hexBytes);
  for (let index = 0; index < hexBytes.length; index++) {
    const unit = text.charCodeAt(start + 2 + index);
    if (unit < 0x41) continue;
    const byte = hash[index >> 1] ?? 0;
    const digit = index % 2 === 0 ? byte >> 4 : byte & 15;
    if (digit >= 8 !== unit < 0x61) return false;
  }
  return true;
}

function ethereum(text: string, start: number, end: number, near: Near): Match | null {
  if (text.charCodeAt(start) !== 0x30 || (text.charCodeAt(start + 1) | 0x20) !== 0x78) return null;
  const writing = readHex(text, start);
  if (writing === null) return null;
  if (writing === "mixed" && isCaseRight(text, start)) return { code: CODE, start, end, strength: "strong" };
  return { code: CODE, start, end, strength: near(start, end) ? "medium" : "weak" };
}

const MONERO_LENGTHS: ReadonlySet<number> = new Set([95, 106]);
const MONERO_BLOCK = 11;
const MONERO_BLOCK_BYTES = 8;
/** Bytes that the last block has, by its digits. */
const MONERO_REST: ReadonlyMap<number, number> = new Map([[7, 5]]);
const moneroBytes = new Uint8Array(77);

/** Monero writes each eight bytes as eleven digits of their own; the last four bytes are those of a Keccak hash. */
function isMonero(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start);
  if (first !== 0x34 && first !== 0x38) return false;
  let size = 0;
  for (let index = start; index < end; index += MONERO_BLOCK) {
    const stop = Math.min(index + MONERO_BLOCK, end);
    const bytes = MONERO_REST.get(stop - index) ?? MONERO_BLOCK_BYTES;
    if (!readBase58(text, index, stop, BITCOIN_BASE58, moneroBytes.subarray(size, size + bytes))) return false;
    size += bytes;
  }
  const hash = keccak256(moneroBytes.subarray(0, size - 4));
  return [0, 1, 2, 3].every((index) => hash[index] === moneroBytes[size - 4 + index]);
}

function look(text: string, start: number, end: number, near: Near): Match | null {
  const length = end - start;
  if (length <= MAX_BASE58) {
    return isBase58Address(text, start, end) ? { code: CODE, start, end, strength: "strong" } : null;
  }
  if (length === ETHEREUM_LENGTH) {
    const match = ethereum(text, start, end, near);
    if (match !== null) return match;
  }
  const isAddress =
    (length >= MIN_BECH32 && isBech32Address(text, start, end)) ||
    (MONERO_LENGTHS.has(length) && isMonero(text, start, end));
  return isAddress ? { code: CODE, start, end, strength: "strong" } : null;
}

const checked: WordDetector = {
  kind: "word",
  codes: [CODE],
  title: "An address of Bitcoin, Ethereum, Litecoin, Dogecoin, Dash, Tron, Ripple, Monero, Cardano or Cosmos.",
  sources: [
    "https://en.bitcoin.it/wiki/Base58Check_encoding",
    "https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki",
    "https://github.com/bitcoin/bips/blob/master/bip-0350.mediawiki",
    "https://eips.ethereum.org/EIPS/eip-55",
    "https://developers.tron.network/docs/account",
    "https://xrpl.org/docs/references/protocol/data-types/base58-encodings",
    "https://docs.getmonero.org/public-address/standard-address/",
    "https://cips.cardano.org/cip/CIP-19",
  ],
  context: [
    ...["wallet", "wallets", "ethereum", "ether", "eth", "erc", "metamask", "ledger", "usdt", "usdc", "tether", "bnb"],
    ...["polygon", "crypto", "donate", "donations", "deposit", "withdraw", "payout", "token", "tokens", "address"],
  ],
  minLength: MIN_BASE58,
  maxLength: MAX_BECH32,
  reach: MAX_BECH32,
  look,
};

const SOLANA_BYTES = 32;
const solanaBytes = new Uint8Array(SOLANA_BYTES);

/** Has no checksum, so that a word must name it. */
function lookSolana(text: string, start: number, end: number, near: Near): Match | null {
  if (!near(start, end) || !readBase58(text, start, end, BITCOIN_BASE58, solanaBytes)) return null;
  return solanaBytes[0] === 0 ? null : { code: CODE, start, end, strength: "medium" };
}

const solana: WordDetector = {
  kind: "word",
  codes: [CODE],
  title: "An address of Solana, beside a word that names it.",
  sources: ["https://solana.com/docs/core/accounts"],
  context: ["solana", "sol", "phantom", "solflare"],
  minLength: 43,
  maxLength: 44,
  reach: 44,
  look: lookSolana,
};

export const cryptoWallet = [checked, solana] as const;
