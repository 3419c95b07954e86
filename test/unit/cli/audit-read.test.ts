import { describe, expect, test } from "bun:test";
import { eventLine } from "../../../src/cli/audit/event-line.ts";
import { EXPORT, exportEvents } from "../../../src/cli/audit/export.ts";
import { FILTER_OPTIONS, readFilter } from "../../../src/cli/audit/filter.ts";
import { reportOf, SHOW, show } from "../../../src/cli/audit/show.ts";
import { TAIL, tail } from "../../../src/cli/audit/tail.ts";
import { parseArguments } from "../../../src/cli/command/arguments.ts";
import type { CommandSpec } from "../../../src/cli/command/spec.ts";
import { AuditFilterQuery } from "../../../src/http/schemas/audit.ts";
import { auditEvent } from "../../support/audit-events.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const DIGEST = `hmac-sha256:k:${"0".repeat(64)}`;

function given(spec: CommandSpec, ...argv: readonly string[]) {
  const parsed = parseArguments(spec, argv);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

describe("filters of the command line", () => {
  test("are those of the API", () => {
    const names = Object.keys(AuditFilterQuery.properties);
    expect(Object.keys(FILTER_OPTIONS).map((option) => option.replace("-", "_"))).toEqual(names);
  });

  test("are read, and times may say how long ago", () => {
    const argv = ["--since", "24h", "--until", "2026-11-22T11:00", "--provider", "eu-2", "--zone", "eu"];
    const more = ["--status", "failed", "--reason", "default", "--rule", "r", "--team", "T", "--model", "=m ü"];
    const filter = readFilter(given(TAIL, ...argv, ...more, "--prompt-digest", DIGEST), NOW);
    expect(filter).toEqual({
      ok: true,
      value: {
        since: new Date("2026-11-21T12:00:00Z"),
        until: new Date("2026-11-22T11:00:00Z"),
        provider: "eu-2",
        zone: "eu",
        status: "failed",
        reason: "default",
        rule: "r",
        team: "T",
        model: "=m ü",
        promptDigest: DIGEST,
      },
    });
    expect(readFilter(given(TAIL), NOW)).toEqual({ ok: true, value: {} });
  });

  test.each([
    ["since", "soon"],
    ["until", "2026-02-30"],
    ["provider", "Open AI"],
    ["status", "pending"],
    ["prompt-digest", "what I said"],
    ["model", "a\u0000b"],
  ])("that are none are refused by name, and not repeated: --%s", (option, value) => {
    const filter = readFilter(given(TAIL, `--${option}`, value), NOW);
    const message = filter.ok ? "" : filter.error;
    expect(message).toStartWith(`--${option} `);
    expect(message).not.toContain(value);
  });
});

describe("wrong usage", () => {
  test.each([
    ["show", () => show(given(SHOW, "my-request"))],
    ["tail", () => tail(given(TAIL, "--lines", "501"))],
    ["tail", () => tail(given(TAIL, "--lines", "-1"))],
    ["tail", () => tail(given(TAIL, "--since", "soon"))],
    ["export", () => exportEvents(given(EXPORT, "--format", "xml"))],
    ["export", () => exportEvents(given(EXPORT, "--until", "soon"))],
  ])("of %s is said before a database is opened", async (name, command) => {
    const { exitCode, stdout, stderr } = await command();
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith(`policy-mesh audit ${name}: `);
  });
});

describe("an event for people", () => {
  test("is one line", () => {
    const end = "rule long-prompts  1500 ms  019382c0-0000-7000-8000-000000000001";
    expect(eventLine(auditEvent())).toBe(`2026-11-22T10:00:00.123Z  succeeded       local (local) m2  ${end}`);
    const failed = auditEvent({ status: "failed", failureCategory: "timeout", answeredModel: null });
    expect(eventLine(failed)).toContain("  failed          local (local) m, timeout  rule");
    const [first, second] = auditEvent().attempts ?? [];
    const attempts = [first, second, second].flatMap((attempt) => (attempt === undefined ? [] : [attempt]));
    expect(eventLine(auditEvent({ attempts }))).toContain("  local (local) m2, 2 attempts  rule");
    const denied = auditEvent({ decision: "deny", status: "denied", reasonCodes: ["default", "policy.denied"] });
    expect(eventLine(denied)).toContain("  denied          policy.denied  rule");
  });

  test("holds no character that a terminal would obey", () => {
    const event = auditEvent({ answeredModel: "\u001b]0;owned\u0007\r\nm\u202e", features: null });
    for (const text of [eventLine(event), reportOf(event.requestId, { kind: "event", event }, false).stdout]) {
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test("that was erased, or that nobody knows, is a failure", () => {
    const { requestId, receivedAt } = auditEvent();
    const erased = { kind: "erased", requestId, receivedAt, erasedAt: NOW } as const;
    expect(reportOf(requestId, erased, false)).toMatchObject({ exitCode: 1, stdout: "" });
    const json = reportOf(requestId, null, true);
    expect([json.exitCode, json.stderr, JSON.parse(json.stdout).error.code]).toEqual([1, "", "audit.not_found"]);
  });
});
