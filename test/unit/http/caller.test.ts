import { describe, expect, test } from "bun:test";
import { callerOf } from "../../../src/http/caller.ts";
import { keepConnection } from "../../../src/http/connection.ts";

function from(address: string): Request {
  const request = new Request("http://gateway/");
  keepConnection(request, { address, closeWhenIdle: () => {} });
  return request;
}

describe("the caller of a request", () => {
  test("is the peer's address where nobody names one", () => {
    expect(callerOf(from("192.0.2.7"), {})).toBe("192.0.2.7");
    expect(callerOf(new Request("http://gateway/"), {})).toBe("");
  });

  test("is one for all addresses of a host's IPv6 network, and one for each IPv4 address", () => {
    const ofHost = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:DB8:1:2:0:1::"];
    expect(new Set(ofHost.map((address) => callerOf(from(address), {})))).toEqual(new Set(["2001:db8:1:2::/64"]));
    expect(callerOf(from("2001:db8::1"), {})).toBe("2001:db8:0:0::/64");
    const others = [
      "2001:db8:1:3::1",
      "::1",
      "::ffff:192.0.2.7",
      "::ffff:192.0.2.8",
      "192.0.2.7",
      "fe80::1",
      "fe80::2%eth0",
    ];
    expect(new Set(others.map((address) => callerOf(from(address), {}))).size).toBe(others.length);
  });

  test("is whom a proxy names, wherever it calls from and in whatever order", () => {
    const first = callerOf(from("192.0.2.7"), { team: "research", key: "ci" });
    expect(callerOf(from("192.0.2.8"), { key: "ci", team: "research" })).toBe(first);
    expect(callerOf(from("192.0.2.7"), { team: "research", key: "other" })).not.toBe(first);
  });

  test("that a proxy names is none that an address names", () => {
    expect(callerOf(from("team"), { team: "x" })).not.toBe(callerOf(from("team"), {}));
  });
});
