import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ip } from "../../../../src/scan/detectors/ip.ts";
import { NumberRun } from "../../../../src/scan/number-run.ts";
import { ip as addresses } from "../../../support/sensitive-values/ip.ts";

const run = new NumberRun();
const detector = ip[0];
/** The first match of any run of digits in the text. */
function look(text: string, isNear = false) {
  for (const { index } of text.matchAll(/(?<!\d)\d/g)) {
    run.read(text, index);
    const match = detector.look(run, () => isNear)[0];
    if (match !== undefined) return match;
  }
  return null;
}
const strengthOf = (text: string, isNear = false) => look(text, isNear)?.strength ?? null;

describe("pii.ip, version 4", () => {
  test("finds a public address beside a word that says what it is", () => {
    expect(look("from ip 81.63.212.7.", true)).toEqual({ code: "pii.ip", start: 8, end: 19, strength: "medium" });
    expect(strengthOf("81.63.212.7", false)).toBe("weak");
  });

  test("takes the value of a name for an address, and what is compared for a version", () => {
    expect(strengthOf("client_ip=81.63.212.7", true)).toBe("medium");
    expect(strengthOf("client==81.63.212.7", true)).toBe("weak");
    expect(strengthOf("version=81.63.212.7", true)).toBe("weak");
  });

  test.each([
    ["81.63.212.7:443"],
    ['81.63.212.7 - - [10/Oct/2000:13:55:36] "GET /"'],
    ["81.63.212.7 - frank [10/Oct/2000"],
  ])("takes what follows in %j as saying that it is an address", (text) => {
    expect(strengthOf(text)).toBe("medium");
  });

  test.each([
    ...["0.0.0.0", "10.1.2.30", "127.0.0.1", "100.64.0.1", "169.254.1.1", "172.16.0.1", "172.31.255.1", "192.168.1.1"],
    ...["192.0.2.1", "192.0.0.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "255.255.255.0"],
  ])("is not sure of %s, which is nobody's", (text) => {
    expect(strengthOf(`ip: ${text}`, true)).toBe("weak");
  });

  test.each(["172.32.0.1", "172.15.0.1", "100.128.0.30", "192.169.1.1", "203.0.114.9", "223.255.255.1"])(
    "knows that %s is outside of what is set apart",
    (text) => {
      expect(strengthOf(text, true)).toBe("medium");
    },
  );

  test.each(["81.63.212.0/24", "version 81.63.212.7", ">=81.63.212.7", 'ver: "81.63.212.7"'])(
    "is not sure of %s",
    (text) => {
      expect(strengthOf(text, true)).toBe("weak");
    },
  );

  test("is sure of four small numbers, as a section or version has, only right behind the word", () => {
    expect(strengthOf("5.3.1.2 ADDR CHANGE", true)).toBe("weak");
    expect(strengthOf("my IP address is 5.3.1.2", true)).toBe("medium");
    expect(strengthOf(".IP 5.3.1.2", true)).toBe("weak");
  });

  test.each([
    ...[
      "81.63.212.7.1",
      "1.81.63.212.7",
      "81.63.212.256",
      "81.63.212.07",
      "81.63.2120.7",
      "81.63.212 .7",
      "v81.63.212.7",
    ],
    ...["81.63.212.7-rc1", "81.63.212.7rc", "x-81.63.212.7", "81.63.212.*"],
  ])("does not take %s for one", (text) => {
    expect(strengthOf(text, true)).toBeNull();
  });
});

describe("pii.ip, version 6", () => {
  test.each([
    ["2a02:1205:34a5:8c10:1c2b:8d1f:0a3e:77f1", 0],
    ["[2a02:1205:34a5::77f1]:443", 1],
    ["ip:2A02:1205::77F1", 3],
    ["12, 2003:0:0:1::2:3/128", 4],
    ["is 2003:a:b:c:d:e:f:1: yes", 3],
  ])("finds the address in %j", (text, start) => {
    expect(look(text)).toMatchObject({ start, strength: "medium" });
  });

  test.each(["2001:db8::1", "2001:0db8:0:0:0:0:0:1", "3fff:fff::1", "2a02:1205::1/32"])(
    "is not sure of %s, which is nobody's",
    (text) => {
      expect(strengthOf(text)).toBe("weak");
    },
  );

  test.each([
    ...[
      "2023:10:11 12:30:45",
      "2a02:1205::",
      "2a02::1::2",
      "2a02:1:2:3:4:5:6",
      "2a02:1:2:3:4:5:6:7:8",
      "2a02:12345::1",
    ],
    ...[
      "x2a02:1205::1",
      "fe80:2a02:1205::1",
      "fe80::1",
      "2a02:1205::1x",
      "2a02:1:2:3:4:5:6:7::8",
      "2a02:1:2:3:4:5:6::8",
    ],
  ])("does not take %s for one", (text) => {
    expect(strengthOf(text, true)).toBeNull();
  });
});

describe("pii.ip", () => {
  test("finds every public address", () => {
    fc.assert(
      fc.property(addresses, (text) => {
        expect(strengthOf(`(${text})`, true)).toBe("medium");
      }),
    );
  });
});

test("finds an address of version 6 that one line break parts behind a colon", () => {
  expect(strengthOf("ip 2600:4ef5:49d:98f0:\n2d60:fcb1:8fb5:10f1 was")).toBe("medium");
  expect(strengthOf("ip 2600:4ef5:\n49d:98f0:\n2d60:fcb1:8fb5:10f1 was")).toBeNull();
});
