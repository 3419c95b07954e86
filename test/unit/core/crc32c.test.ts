import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crc32c } from "../../../src/core/crc32c.ts";

describe("crc32c", () => {
  test("gives the values published in RFC 3720, appendix B.4, and the check value of the CRC catalogue", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => 31 - index))).toBe(0x113fdb5c);
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  test("equals the bit by bit definition, at every length and offset", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(8), (bytes, offset) => {
        const part = bytes.subarray(offset);
        expect(crc32c(part)).toBe(byDefinition(part));
      }),
    );
  });

  test("goes on from the checksum of what came before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(50), (bytes, cut) => {
        expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(crc32c(bytes));
      }),
    );
  });

  test("tells every flipped bit", () => {
    const bytes = Buffer.from("an audit record of some length");
    const whole = crc32c(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(crc32c(flipped)).not.toBe(whole);
    }
  });
});

function byDefinition(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test("of a piece is what it is of the piece alone, at any offset", () => {
  const bytes = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz");
  for (let start = 0; start <= bytes.length; start++) {
    for (let end = start; end <= bytes.length; end++) {
      expect(crc32c(bytes, 7, start, end)).toBe(crc32c(bytes.subarray(start, end), 7));
    }
  }
});
