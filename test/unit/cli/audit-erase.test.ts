import { describe, expect, test } from "bun:test";
import { ERASE, erase, reportOf as reportOfErasure } from "../../../src/cli/audit/erase.ts";
import { RETAIN, reportOf as reportOfRetention, retain } from "../../../src/cli/audit/retain.ts";
import { parseArguments } from "../../../src/cli/command/arguments.ts";
import type { CommandSpec } from "../../../src/cli/command/spec.ts";

const ID = "019382c0-0000-7000-8000-000000000001";
const AT = new Date("2026-11-22T10:00:00Z");

function given(spec: CommandSpec, ...words: readonly string[]) {
  const parsed = parseArguments(spec, words);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe("audit erase", () => {
  test.each(["all", "", `${ID}0`, "%"])("takes an id, and not %j", async (word) => {
    expect(await erase(given(ERASE, word))).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("says which leaf stays and which one tells of it", () => {
    const report = reportOfErasure(ID, { kind: "erased", leafIndex: 7, actionIndex: 12 }, false);
    const stdout = `The audit event ${ID} is erased. Its leaf 7 stays. That it was erased is leaf 12.\n`;
    expect(report).toEqual({ exitCode: 0, stdout, stderr: "" });
    const old = reportOfErasure(ID, { kind: "erased", leafIndex: null, actionIndex: 12 }, false);
    expect(old.stdout).toContain("It is older than the log. That it was erased is leaf 12.");
  });

  test("is done where it was done before", () => {
    const report = reportOfErasure(ID, { kind: "erased_before", erasedAt: AT }, false);
    expect(report).toMatchObject({
      exitCode: 0,
      stdout: `The audit event ${ID} was erased before, at ${AT.toISOString()}.\n`,
    });
  });

  test("fails where there is nothing to erase", () => {
    expect(reportOfErasure(ID, { kind: "absent" }, false)).toMatchObject({ exitCode: 1, stdout: "" });
    const json = reportOfErasure(ID, { kind: "absent" }, true);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: "audit.not_found" } });
    expect(json.stderr).toBe("");
  });

  test("writes the same fields for a program, whenever it was erased", () => {
    const now = JSON.parse(reportOfErasure(ID, { kind: "erased", leafIndex: 7, actionIndex: 12 }, true).stdout);
    const before = JSON.parse(reportOfErasure(ID, { kind: "erased_before", erasedAt: AT }, true).stdout);
    expect(now).toEqual({ ok: true, request_id: ID, erased_at: null, leaf_index: 7, action_index: 12 });
    expect(Object.keys(before)).toEqual(Object.keys(now));
  });
});

describe("audit retain", () => {
  const day = {
    partition: "audit_events_20261101",
    before: 1_793_577_600_000_000,
    leaf_count: 2,
    first_leaf_index: 3,
    last_leaf_index: 9,
    unlogged_count: 1,
  };

  test.each(["0", "-1", "1.5", "a week", "36501"])("takes a number of days, and not %j", async (word) => {
    expect(await retain(given(RETAIN, `--days=${word}`))).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("says what went and by which leaf", () => {
    const report = reportOfRetention(AT, { dropped: [{ ...day, actionIndex: 12 }], kept: [] }, false);
    expect(report).toEqual({
      exitCode: 0,
      stdout: "dropped audit_events_20261101: 3 rows; leaf 12 says so\n",
      stderr: "",
    });
  });

  test("fails while something has to wait", () => {
    const report = reportOfRetention(AT, { dropped: [], kept: [day] }, false);
    expect(report).toMatchObject({ exitCode: 1, stdout: "" });
    expect(report.stderr).toStartWith("audit_events_20261101 has to wait");
    const json = reportOfRetention(AT, { dropped: [], kept: [day] }, true);
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, kept_since: AT.toISOString(), dropped: [], kept: [day] });
  });

  test("says so where nothing is too old", () => {
    const report = reportOfRetention(AT, { dropped: [], kept: [] }, false);
    expect(report).toMatchObject({ exitCode: 0, stdout: `Nothing is older than ${AT.toISOString()}.\n` });
  });
});
