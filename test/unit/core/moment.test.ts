import { describe, expect, test } from "bun:test";
import { parseMoment } from "../../../src/core/moment.ts";

describe("a moment", () => {
  test.each([
    ["2026-11-01", "2026-11-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2026-11-01T09:30", "2026-11-01T09:30:00.000Z"],
    ["2026-11-01T09:30:15.5", "2026-11-01T09:30:15.500Z"],
    ["2026-11-01T09:30:00Z", "2026-11-01T09:30:00.000Z"],
    ["2026-11-01T00:30:00+02:00", "2026-10-31T22:30:00.000Z"],
  ])("may be written as %s", (text, expected) => {
    expect(parseMoment(text)?.toISOString()).toBe(expected);
  });

  test.each([
    "",
    "soon",
    "2026",
    "2026-02-30",
    "2025-02-29",
    "2026-13-01",
    "2026-11-01T25:00",
    "20261101",
    "2026-11-01 09:30",
    "0000-01-01",
    "0001-01-01T00:00+01:00",
    "9999-12-31T23:59:59-01:00",
  ])("is none: %j", (text) => {
    expect(parseMoment(text)).toBeNull();
  });
});
