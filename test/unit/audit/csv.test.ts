import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { csvHeader, csvLines } from "../../../src/audit/csv.ts";
import { auditEvent } from "../../support/audit-events.ts";

/** RFC 4180, read strictly. */
function parse(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let rest = text;
  while (rest !== "") {
    const [whole = "", quoted, plain, end] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? [];
    if (whole === "") throw new Error("no RFC 4180");
    record.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length);
    if (end === ",") continue;
    records.push(record);
    record = [];
  }
  return records;
}

const [names = []] = parse(csvHeader());
const rowOf = (overrides: Parameters<typeof auditEvent>[0]) => {
  const [cells = []] = parse(csvLines([auditEvent(overrides)]));
  expect(cells.length).toBe(names.length);
  return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
};

describe("an export as CSV", () => {
  test("has a cell for each column, empty where nothing is known", () => {
    expect(rowOf({})).toEqual({
      request_id: "019382c0-0000-7000-8000-000000000001",
      received_at: "2026-11-22T10:00:00.123Z",
      completed_at: "2026-11-22T10:00:01.623Z",
      status: "succeeded",
      surface: "native",
      streamed: "false",
      decision: "route",
      provider: "mistral-eu",
      zone: "eu",
      model: "m",
      answered_provider: "local",
      answered_zone: "local",
      answered_model: "m2",
      reason_codes: "team.reason default",
      policy_hash: `sha256:${"ab".repeat(32)}`,
      rule: "long-prompts",
      team: "blue",
      findings: "pii.email=2 keyword=1",
      scan_ruleset: `1.0.0:${"0".repeat(64)}`,
      failure_category: "",
      message_count: "1",
      prompt_length: "20",
      prompt_digest: `hmac-sha256:k:${"0".repeat(64)}`,
      prompt_tokens: "5",
      completion_tokens: "",
      cost_micros: "12",
      latency_ms: "1500",
      attempts: "mistral-eu/m=circuit_open:0:unsent local/m2=answered:1490",
      instance_id: "0190c1d2-0000-7000-8000-000000000001",
      instance_seq: "7",
    });
    const older = rowOf({ policyHash: null, features: null, rule: null, instance: null, attempts: null });
    expect([older["policy_hash"], older["team"], older["rule"], older["instance_seq"], older["attempts"]]).toEqual([
      "",
      "",
      "",
      "",
      "",
    ]);
  });

  test("keeps a model's name apart from its neighbours, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (model) => {
        const written = rowOf({ model })["model"] ?? "";
        expect(written === model || written === `'${model}`).toBe(true);
      }),
    );
    for (const model of ['a,"b"\r\nc', '"', ",", "\r\n", " "])
      expect(rowOf({ model })["model"]?.endsWith(model)).toBe(true);
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])(
    "gives a spreadsheet nothing to compute: %j",
    (model) => {
      const { model: first, answered_model: second } = rowOf({ model, answeredModel: model });
      expect([first, second]).toEqual([`'${model}`, `'${model}`]);
    },
  );

  test("is a line for each event", () => {
    expect(csvLines([])).toBe("");
    expect(parse(csvLines([auditEvent(), auditEvent()])).length).toBe(2);
  });
});
