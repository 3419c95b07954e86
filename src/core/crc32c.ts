/** Castagnoli's polynomial 0x1EDC6F41 with its bits reversed, as the form that shifts right needs it. */
const REVERSED_POLYNOMIAL = 0x82f63b78;

/** Four rows of 256: with row n the effect of a byte that n further bytes follow is known, so four go in one step. */
const TABLE = makeTable();

/**
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4, as in iSCSI, ext4 and SSE 4.2), unsigned. It tells damage, not tampering.
 * With the checksum of what came before as `seed` it goes on: `crc32c(b, crc32c(a))` is that of a and b together. Of
 * `bytes` from `start` to `end`: a view of them would cost more than the checksum of a short piece.
 */
export function crc32c(bytes: Uint8Array, seed = 0, start = 0, end = bytes.length): number {
  const inSteps = end - ((end - start) % 4);
  let crc = ~seed;
  let at = start;
  // The table is an Int32Array and each index is masked to it, so none of these reads can be undefined.
  for (; at < inSteps; at += 4) {
    const word =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (TABLE[768 | (word & 0xff)] as number) ^
      (TABLE[512 | ((word >>> 8) & 0xff)] as number) ^
      (TABLE[256 | ((word >>> 16) & 0xff)] as number) ^
      (TABLE[word >>> 24] as number);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc >>> 0;
}

function makeTable(): Int32Array {
  const table = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? REVERSED_POLYNOMIAL : 0);
    table[byte] = value;
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256] as number;
    table[at] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return table;
}
