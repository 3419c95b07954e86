import { describe, expect, test } from "bun:test";
import { LocalAddresses, NotLocal } from "../../../src/providers/addresses.ts";
import { fakeTransport } from "../../support/fake-transport.ts";

const WITHIN_MS = 20;

function setUp(host: string, addresses: readonly string[], allowed: readonly string[] = []) {
  const fake = fakeTransport({ [host]: addresses });
  return { ...fake, local: new LocalAddresses(host, 80, allowed, fake.transport) };
}

describe("the addresses of a provider that must stay local", () => {
  test.each([
    [["127.0.0.1"], []],
    [["10.0.0.5", "fd00::5"], []],
    [["203.0.113.9"], ["203.0.113.0/24"]],
    [["10.0.0.5", "203.0.113.9"], ["203.0.113.9"]],
  ])("may be %p where %p are allowed", async (addresses, allowed) => {
    expect(await setUp("gpu.lan", addresses, allowed).local.all()).toEqual(addresses);
  });

  test.each([
    [["8.8.8.8"], []],
    [["10.0.0.5", "8.8.8.8"], []],
    [["8.8.8.8", "10.0.0.5"], []],
    [["::ffff:8.8.8.8"], []],
    [["64:ff9b::a00:5"], []],
    [["203.0.113.9"], ["203.0.112.0/24"]],
    [["10.0.0.5", "no address"], []],
  ])("may not be %p where %p are allowed", async (addresses, allowed) => {
    await expect(setUp("gpu.lan", addresses, allowed).local.all()).rejects.toBeInstanceOf(NotLocal);
  });

  test("are not asked of a resolver where the host is one itself, and are judged all the same", async () => {
    const { local, lookedUp, transport } = setUp("[::1]", []);
    expect([local.isGiven, await local.all(), lookedUp]).toEqual([true, ["::1"], []]);
    const elsewhere = new LocalAddresses("8.8.8.8", 80, [], transport);
    expect(elsewhere.isGiven).toBe(false);
    await expect(elsewhere.choose(WITHIN_MS)).rejects.toBeInstanceOf(NotLocal);
    expect(setUp("gpu.lan", ["127.0.0.1"]).local.isGiven).toBe(false);
  });

  test("are asked for again at each call", async () => {
    const { local, network, lookedUp } = setUp("gpu.lan", ["10.0.0.5"]);
    expect(await local.choose(WITHIN_MS)).toBe("10.0.0.5");
    network.names["gpu.lan"] = ["8.8.8.8"];
    await expect(local.choose(WITHIN_MS)).rejects.toBeInstanceOf(NotLocal);
    expect(lookedUp).toEqual(["gpu.lan", "gpu.lan"]);
  });

  test("are asked for once by calls at the same time, so that a resolver that hangs is not asked ever more", async () => {
    const { local, lookedUp } = setUp("gpu.lan", ["10.0.0.5"]);
    await Promise.all([local.all(), local.all(), local.choose(WITHIN_MS)]);
    expect(lookedUp).toEqual(["gpu.lan"]);
  });

  test("are dialled where there are several: the first to take a connection is called, and stays", async () => {
    const { local, network, dialled } = setUp("gpu.lan", ["10.0.0.5", "10.0.0.6"]);
    network.unreachable.add("10.0.0.5");
    expect([await local.choose(WITHIN_MS), await local.choose(WITHIN_MS)]).toEqual(["10.0.0.6", "10.0.0.6"]);
    expect(dialled).toEqual(["10.0.0.5 80", "10.0.0.6 80"]);
    network.unreachable.delete("10.0.0.5");
    network.unreachable.add("10.0.0.6");
    local.forget();
    expect(await local.choose(WITHIN_MS)).toBe("10.0.0.5");
  });

  test("are not dialled before all of them are known to be local", async () => {
    const { local, dialled } = setUp("gpu.lan", ["10.0.0.5", "8.8.8.8"]);
    await expect(local.choose(WITHIN_MS)).rejects.toBeInstanceOf(NotLocal);
    expect(dialled).toEqual([]);
  });

  test("are none where nobody takes a connection, or a URL cannot write them", async () => {
    const { local, network } = setUp("gpu.lan", ["10.0.0.5", "10.0.0.6"]);
    for (const address of ["10.0.0.5", "10.0.0.6"]) network.unreachable.add(address);
    expect(await local.choose(WITHIN_MS)).toBeNull();
    expect(await setUp("gpu.lan", ["fe80::1%eth0"]).local.choose(WITHIN_MS)).toBeNull();
  });
});
