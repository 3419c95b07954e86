import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cryptoWallet } from "../../../../src/scan/detectors/crypto-wallet.ts";
import { keccak256 } from "../../../../src/scan/detectors/wallet/keccak-256.ts";
import {
  cryptoWallet as addresses,
  base58Check,
  bech32,
  eip55,
  monero,
} from "../../../support/sensitive-values/crypto-wallet.ts";

const [checked, solana] = cryptoWallet;
const HASH = Uint8Array.from({ length: 20 }, (_, index) => (index * 37 + 11) & 0xff);
const KEYS = Uint8Array.from({ length: 64 }, (_, index) => (index * 91 + 7) & 0xff);
const GROUPS = Array.from({ length: 32 }, (_, index) => (index * 7) % 32);
const RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

function strengthOf(word: string, isNear = false) {
  if (word.length < checked.minLength || word.length > checked.maxLength) return "not looked at";
  return checked.look(`(${word})`, 1, word.length + 1, () => isNear)?.strength ?? null;
}
/** The same with one character another of the alphabet's. */
const spoil = (word: string, at = 20) => word.slice(0, at) + (word.charAt(at) === "7" ? "8" : "7") + word.slice(at + 1);

describe("pii.crypto_wallet", () => {
  test.each([
    ["Bitcoin", base58Check(0, HASH)],
    ["Bitcoin, to a script", base58Check(5, HASH)],
    ["Litecoin", base58Check(0x30, HASH)],
    ["Dogecoin", base58Check(0x1e, HASH)],
    ["Tron", base58Check(0x41, HASH)],
    ["Ripple", base58Check(0, HASH, RIPPLE)],
    ["Bitcoin, Bech32", bech32("bc", [0, ...GROUPS], 1)],
    ["Bitcoin, Bech32 in upper case", bech32("bc", [0, ...GROUPS], 1).toUpperCase()],
    ["Bitcoin, Bech32m", bech32("bc", [1, ...GROUPS, ...GROUPS.slice(0, 20)], 0x2bc830a3)],
    ["Litecoin, Bech32", bech32("ltc", [0, ...GROUPS], 1)],
    ["Cardano", bech32("addr", [...GROUPS, ...GROUPS, ...GROUPS.slice(0, 28)], 1)],
    ["Ethereum", eip55(HASH)],
    ["Monero", monero(KEYS)],
  ])("is sure of an address of %s, and finds none where a character is wrong", (_, address) => {
    expect(strengthOf(address)).toBe("strong");
    expect(strengthOf(spoil(address)) ?? "weak").toBe("weak");
  });

  test("finds every address", () => {
    fc.assert(
      fc.property(addresses, (text) => {
        const word = text.replace("wallet ", "");
        expect(["medium", "strong"]).toContain(strengthOf(word, word !== text) ?? "");
      }),
    );
  });

  test("is sure of an address of Ethereum without a checksum only beside a word that names it", () => {
    const address = eip55(HASH).toLowerCase();
    expect(strengthOf(address)).toBe("weak");
    expect(strengthOf(address, true)).toBe("medium");
    expect(strengthOf(`0x${"0".repeat(40)}`, true)).toBeNull();
    expect(strengthOf(`0x${"g".repeat(40)}`, true)).toBeNull();
  });

  test("asks for the number of zeros that an address of its length has", () => {
    expect(strengthOf(`1${base58Check(0, HASH)}`)).toBeNull();
  });

  test("does not take another version of the same form for one", () => {
    expect(strengthOf(base58Check(0x06, HASH))).toBeNull();
  });

  test("does not take mixed case, which the standard forbids, for Bech32", () => {
    const address = bech32("bc", [0, ...GROUPS], 1);
    expect(strengthOf(address.slice(0, 20) + address.slice(20).toUpperCase())).toBeNull();
  });

  test("takes 32 bytes in base 58 for Solana's only beside a word that names it", () => {
    const address = `9${"abcdEFGH2345".repeat(4).slice(0, 42)}`;
    const look = (isNear: boolean) => solana.look(address, 0, address.length, () => isNear)?.strength ?? null;
    expect(look(true)).toBe("medium");
    expect(look(false)).toBeNull();
    expect(solana.look("z".repeat(44), 0, 44, () => true)).toBeNull();
  });
});

describe("Keccak-256", () => {
  test.each([
    ["", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"],
    ["abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"],
  ])("hashes %j as its authors say", (message, digest) => {
    expect(Buffer.from(keccak256(Buffer.from(message))).toString("hex")).toBe(digest);
  });

  test("refuses more than one block", () => {
    expect(keccak256(new Uint8Array(135))).toHaveLength(32);
    expect(() => keccak256(new Uint8Array(136))).toThrow("one block");
  });
});
