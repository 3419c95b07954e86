import { expect, test } from "bun:test";
import { Collector, MAX_PLACES_PER_CODE } from "../../../src/scan/collector.ts";
import { Pace, type Place, ROOT } from "../../../src/scan/segments.ts";

const pace = new Pace();
const at = (...keys: readonly (string | number)[]): Place =>
  keys.reduce<Place>((parent, key) => pace.inner(parent, key), ROOT);

test("counts what the first reading of a place shows, and not again what another shows", () => {
  const collector = new Collector();
  collector.add("pii.email", at("a"), "raw", "raw");
  collector.add("pii.email", at("a"), "raw", "raw");
  collector.add("pii.email", at("a"), "decoded", "decoded 0");
  collector.add("pii.email", at("b"), "decoded", "decoded 0");
  collector.add("pii.email", at("b"), "decoded", "decoded 1");
  expect(collector.findings()).toEqual([
    { code: "pii.email", path: "/a", view: "raw", count: 2 },
    { code: "pii.email", path: "/b", view: "decoded", count: 1 },
  ]);
});

test("tells codes and places apart, and takes a place for the same whoever walks there", () => {
  const collector = new Collector();
  collector.add("pii.email", at("a", 0), "raw", "raw");
  collector.add("pii.phone", at("a", 0), "raw", "raw");
  collector.add("pii.email", at("a", 0), "raw", "raw");
  expect(collector.findings().map(({ code, path, count }) => [code, path, count])).toEqual([
    ["pii.email", "/a/0", 2],
    ["pii.phone", "/a/0", 1],
  ]);
});

test("tells of a few places for each code", () => {
  const collector = new Collector();
  for (let index = 0; index < 100; index++) {
    collector.add("pii.email", at("a", index), "raw", "raw");
    collector.add("pii.phone", at("a", index % 2), "raw", "raw");
  }
  collector.add("pii.email", at("a", 0), "raw", "raw");
  const findings = collector.findings();
  expect(findings.filter(({ code }) => code === "pii.email")).toHaveLength(MAX_PLACES_PER_CODE);
  expect(findings.find(({ path }) => path === "/a/0")?.count).toBe(2);
  expect(findings.filter(({ code }) => code === "pii.phone").map(({ count }) => count)).toEqual([50, 50]);
});

test("leaves out of a list what one of its texts has by itself", () => {
  const collector = new Collector();
  collector.add("keyword", at("messages", 0, "content"), "raw", "raw");
  collector.add("keyword", at("messages"), "joined", "joined by 0", true);
  collector.add("pii.phone", at("messages"), "joined", "joined by 0", true);
  collector.add("keyword", at("input"), "joined", "joined by 0", true);
  collector.add("keyword", at("mess"), "raw", "raw");
  expect(collector.findings().map(({ code, path }) => `${code} ${path}`)).toEqual([
    "keyword /messages/0/content",
    "pii.phone /messages",
    "keyword /input",
    "keyword /mess",
  ]);
});
