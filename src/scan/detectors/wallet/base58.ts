import { hash } from "node:crypto";

const BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/** The value of each ASCII character in an alphabet, or -1. */
export type Base58 = Int8Array;

function valuesOf(alphabet: string): Base58 {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value;
  return values;
}

export const BITCOIN_BASE58: Base58 = valuesOf(BITCOIN);
export const RIPPLE_BASE58: Base58 = valuesOf(RIPPLE);

/** Reads the number into `bytes`, big end first. False where a character is of no value or the number is too large. */
export function readBase58(text: string, start: number, end: number, values: Base58, bytes: Uint8Array): boolean {
  bytes.fill(0);
  let used = bytes.length;
  for (let index = start; index < end; index++) {
    let carry = values[text.charCodeAt(index)] ?? -1;
    if (carry < 0) return false;
    for (let place = bytes.length - 1; place >= used; place--) {
      carry += (bytes[place] ?? 0) * 58;
      bytes[place] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      if (used === 0) return false;
      used--;
      bytes[used] = carry & 0xff;
      carry >>= 8;
    }
  }
  return true;
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

const ADDRESS_BYTES = 25;
const CHECKSUM_BYTES = 4;
const address = new Uint8Array(ADDRESS_BYTES);
const payload = address.subarray(0, ADDRESS_BYTES - CHECKSUM_BYTES);

/** Whether this is Base58Check of a version, a hash of 20 bytes and four bytes of its double SHA-256. */
export function isBase58Check(
  text: string,
  start: number,
  end: number,
  values: Base58,
  versions: ReadonlySet<number>,
): boolean {
  if (!readBase58(text, start, end, values, address) || !versions.has(address[0] ?? 0)) return false;
  // Each zero byte at the front is written as one zero digit: no other length is right, and most words end here.
  let zeroBytes = 0;
  while (zeroBytes < ADDRESS_BYTES && address[zeroBytes] === 0) zeroBytes++;
  let zeroDigits = 0;
  while (start + zeroDigits < end && values[text.charCodeAt(start + zeroDigits)] === 0) zeroDigits++;
  if (zeroBytes !== zeroDigits) return false;
  const sum = sha256(sha256(payload));
  for (let index = 0; index < CHECKSUM_BYTES; index++) {
    if (sum[index] !== address[payload.length + index]) return false;
  }
  return true;
}
