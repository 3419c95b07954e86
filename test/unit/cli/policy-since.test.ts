import { describe, expect, test } from "bun:test";
import { parseSince } from "../../../src/cli/command/since.ts";

const NOW = new Date("2026-11-22T10:00:00Z");

describe("where a span of time begins", () => {
  test.each([
    ["30d", "2026-10-23T10:00:00.000Z"],
    ["1d", "2026-11-21T10:00:00.000Z"],
    ["24h", "2026-11-21T10:00:00.000Z"],
    ["2026-11-01", "2026-11-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2026-11-01T12:30", "2026-11-01T12:30:00.000Z"],
    ["2026-11-01T12:30:15.5", "2026-11-01T12:30:15.500Z"],
    ["2026-11-01T12:30:15Z", "2026-11-01T12:30:15.000Z"],
    ["2026-11-01T12:30:15+02:00", "2026-11-01T10:30:15.000Z"],
  ])("is for %s %s", (text, since) => {
    expect(parseSince(text, NOW)).toEqual({ ok: true, value: new Date(since) });
  });

  test.each([
    "",
    "30",
    "d",
    "0d",
    "-1d",
    "1.5d",
    "1w",
    "1000000d",
    "30 d",
    "yesterday",
    "2026-11",
    "2026-13-01",
    "2026-02-30",
    "2025-02-29",
    "2026-11-01T25:00",
    "2026-11-01 12:00",
    "22.11.2026",
    "2026-11-01T12:00+2",
  ])("is not for %j, and the refusal does not repeat it", (text) => {
    const refused = parseSince(text, NOW);
    expect(refused).toEqual({ ok: false, error: expect.stringContaining("--since takes a number of days or hours") });
  });

  test("is in the past", () => {
    expect(parseSince("2026-11-22T10:00:01Z", NOW)).toEqual({ ok: false, error: "--since is in the future." });
  });
});
