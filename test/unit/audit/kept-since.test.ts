import { expect, test } from "bun:test";
import { keptSince } from "../../../src/audit/kept-since.ts";

test("keeps today and so many whole days before it, by UTC", () => {
  for (const time of ["2026-11-22T00:00:00.000Z", "2026-11-22T23:59:59.999Z"]) {
    expect(keptSince(new Date(time), 1).toISOString()).toBe("2026-11-21T00:00:00.000Z");
  }
  expect(keptSince(new Date("2026-03-01T00:00:00Z"), 365).toISOString()).toBe("2025-03-01T00:00:00.000Z");
});
