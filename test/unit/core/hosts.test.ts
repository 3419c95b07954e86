import { describe, expect, test } from "bun:test";
import { BlockList } from "node:net";
import fc from "fast-check";
import { isInBlock, isLocalAddress, isLocalServer, readAddress, readAddressBlock } from "../../../src/core/hosts.ts";

const isLocal = (text: string) => {
  const address = readAddress(text);
  return address === null ? null : isLocalAddress(address);
};

describe("an address is local", () => {
  test.each([
    [["127.0.0.1", "127.255.255.254", "0.0.0.0", "::1", "::", "0:0:0:0:0:0:0:1"]],
    [["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.255"]],
    [["169.254.1.1", "fe80::1", "fe80::1%eth0", "febf::1", "fc00::1", "fdff:ffff::1", "FD00::1"]],
    [["::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:a01:203", "0:0:0:0:0:ffff:192.168.1.1"]],
  ])("where it is of this machine or the operator's own network: %p", (addresses) => {
    for (const address of addresses) expect([address, isLocal(address)]).toEqual([address, true]);
  });

  test.each([
    [
      [
        "8.8.8.8",
        "0.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "192.0.2.1",
        "255.255.255.255",
      ],
    ],
    [
      [
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "169.253.1.1",
      ],
    ],
    [["2001:db8::1", "2606:4700::1", "::2", "fbff::1", "fe00::1", "fec0::1", "ff02::1", "1::"]],
    // IPv4 in IPv6, by each of the ways there are: what counts is where it leads to.
    [["::ffff:8.8.8.8", "::ffff:808:808", "64:ff9b::808:808", "64:ff9b::a01:203", "2002:a01:203::1", "::10.1.2.3"]],
  ])("and not where it is elsewhere: %p", (addresses) => {
    for (const address of addresses) expect([address, isLocal(address)]).toEqual([address, false]);
  });

  test.each([
    [["", " ", "localhost", "10.1", "10.0.0.256", "010.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1 ", "127.0.0.1."]],
    [["1.2.3.4.5", ":::", "1::2::3", "fe80::1%", "fe80::1%eth0 x", "[::1]", "g::1", "::1/128", "::ffff:1.2.3.256"]],
  ])("none of %p is an address at all", (texts) => {
    for (const text of texts) expect([text, isLocal(text)]).toEqual([text, null]);
  });
});

describe("a block", () => {
  const has = (block: string, address: string) => {
    const [read, of] = [readAddress(address), readAddressBlock(block)];
    if (read === null || of === null) throw new Error("not read");
    return isInBlock(read, of);
  };

  test.each([
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.128/25", "203.0.113.127", false],
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7/32", "203.0.113.6", false],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["::/0", "8.8.8.8", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["::ffff:203.0.113.0/120", "203.0.113.9", true],
  ])("%s and %s: %p", (block, address, expected) => {
    expect(has(block, address)).toBe(expected);
  });

  test.each([
    [["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0 /8", "10/8"]],
    [
      [
        "2001:db8::1/64",
        "::/129",
        "fe80::1%eth0",
        "fe80::%eth0/64",
        "::ffff:1.2.3.0/24",
        "example.org/8",
        "",
        "/8",
        "any",
      ],
    ],
  ])("is what none of %p says", (texts) => {
    for (const text of texts) expect([text, readAddressBlock(text)]).toEqual([text, null]);
  });

  test("holds what Node's own list of blocks holds", () => {
    const v4 = fc.ipV4().map((text) => ({ text, family: "ipv4" as const, bits: 32 }));
    const v6 = fc.ipV6().map((text) => ({ text, family: "ipv6" as const, bits: 128 }));
    const ofOne = fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6));
    fc.assert(
      fc.property(ofOne, fc.nat(128), fc.nat(32), ([base, other], written, shared) => {
        const from = readAddress(base.text);
        // Node and this gateway read what stands for IPv4 as different families.
        fc.pre(from !== null && from.length * 8 === base.bits);
        const bits = written % (base.bits + 1);
        const list = new BlockList();
        list.addSubnet(base.text, bits, base.family);
        const masked = from.map((byte, at) => byte & ((0xff << (8 - Math.min(8, Math.max(0, bits - at * 8)))) & 0xff));
        const near = readAddress(other.text);
        fc.pre(near !== null && near.length === from.length);
        const mixed = near.map((byte, at) => (at * 8 < shared ? (from[at] ?? 0) : byte));
        const text =
          base.family === "ipv4"
            ? mixed.join(".")
            : Array.from({ length: 8 }, (_, at) =>
                (((mixed[2 * at] ?? 0) << 8) | (mixed[2 * at + 1] ?? 0)).toString(16),
              ).join(":");
        expect(isInBlock(mixed, { address: masked, bits })).toBe(list.check(text, base.family));
      }),
    );
  });
});

describe("a server's host", () => {
  test.each([
    "localhost",
    "gpu",
    "gpu.lan",
    "127.0.0.1",
    "[::1]",
    "[::ffff:a00:1]",
    "192.168.1.5",
    "[fd00::1]",
    "0.0.0.0",
  ])("may be local: %s", (host) => {
    expect(isLocalServer(host)).toBe(true);
  });

  test.each(["8.8.8.8", "[2001:db8::1]", "[::ffff:808:808]", "api.openai.com", "x.openai.azure.com.", "ollama.com"])(
    "cannot: %s",
    (host) => {
      expect(isLocalServer(host)).toBe(false);
    },
  );
});
