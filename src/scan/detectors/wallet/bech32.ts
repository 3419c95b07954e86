const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const BECH32 = 1;
const BECH32M = 0x2bc830a3;

function step(sum: number, value: number): number {
  const top = sum >>> 25;
  let next = ((sum & 0x1ffffff) << 5) ^ value;
  for (let bit = 0; bit < GENERATORS.length; bit++) {
    if (((top >>> bit) & 1) === 1) next ^= GENERATORS[bit] ?? 0;
  }
  return next;
}

/** Lower case where all letters are; the standard has all of one case, so `isUpper` says which is to be. */
const unitAt = (text: string, index: number, isUpper: boolean): number => {
  const unit = text.charCodeAt(index);
  if (isUpper) return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit >= 0x61 && unit <= 0x7a ? 0 : unit;
  return unit >= 0x41 && unit <= 0x5a ? 0 : unit;
};

/** Whether the text from `start` to `end`, which begins with a prefix and a 1, has the right checksum (BIP 173, 350). */
export function isBech32(text: string, start: number, end: number, prefixLength: number): boolean {
  const first = text.charCodeAt(start);
  const isUpper = first >= 0x41 && first <= 0x5a;
  let sum = 1;
  for (let index = start; index < start + prefixLength; index++) sum = step(sum, unitAt(text, index, isUpper) >>> 5);
  sum = step(sum, 0);
  for (let index = start; index < start + prefixLength; index++) sum = step(sum, unitAt(text, index, isUpper) & 31);
  for (let index = start + prefixLength + 1; index < end; index++) {
    const value = VALUES[unitAt(text, index, isUpper)] ?? -1;
    if (value < 0) return false;
    sum = step(sum, value);
  }
  return sum === BECH32 || sum === BECH32M;
}
