import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseReceipt, verifyReceipt } from "../../../src/audit/receipt.ts";
import { intentRecord, settledRecord } from "../../../src/audit/record.ts";
import { SURFACES, TASKS } from "../../../src/core/chat.ts";
import { parseVerifierKey } from "../../../src/core/signed-note.ts";
import { intentAt, outcomeOf } from "../../support/audit-requests.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/reference/audit-format.md"), "utf8");
const [receipt = "", key = ""] = [...page.matchAll(/^```text\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");

const sectionOf = (heading: string): string =>
  page.split(`\n### ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? expect.unreachable();

/** The names in the first column of a section's first table, several of which may share a row. */
function fieldsOf(heading: string): string[] {
  const [table = ""] = sectionOf(heading).match(/^\| Field[\s\S]*?\n(?!\|)/m) ?? [];
  const cells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map((match) => match[1] ?? "");
  return cells.flatMap((cell) => cell.replaceAll("`", "").split(", ")).sort();
}

function verifiedExample() {
  const verifier = parseVerifierKey(key.trim());
  const verified = verifier.ok ? verifyReceipt(receipt, [verifier.value]) : verifier;
  if (!verified.ok) throw new Error(verified.error.message);
  return verified.value;
}

describe("the page on the format of the audit log", () => {
  const intent = intentAt("0192d3a4-1111-7222-8333-444455556666", new Date(0));
  const stamp = { instance_id: "0192d3a4-aaaa-4bbb-8ccc-dddddddddddd", instance_seq: 1, salt: "00".repeat(16) };
  const record = settledRecord(intentRecord(intent), outcomeOf(intent, new Date(1)), stamp);

  test("has an example that holds", () => {
    const { index, checkpoint, record: shown } = verifiedExample();
    expect([index, checkpoint.size]).toEqual([4, 7]);
    expect(page).toContain(`leaf ${index} of a log with ${checkpoint.size} leaves`);
    expect(Object.keys(shown).sort()).toEqual(Object.keys(record).sort());
    expect(parseReceipt(receipt).ok).toBe(true);
  });

  test("names every field of a request and of its features, and no other", () => {
    expect(fieldsOf("A request")).toEqual(Object.keys(record).sort());
    expect(fieldsOf("Features")).toEqual(Object.keys(record.features).sort());
  });

  test("names every field of an action", () => {
    expect(fieldsOf("Actions")).toEqual([
      "action_id",
      "details",
      "instance_id",
      "instance_seq",
      "kind",
      "performed_at",
      "record_version",
      "salt",
    ]);
  });

  test("names all surfaces, tasks and statuses", () => {
    const section = sectionOf("A request");
    expect(SURFACES.filter((surface) => !section.includes(`\`${surface}\``))).toEqual([]);
    expect(TASKS.filter((task) => !sectionOf("Features").includes(`\`${task}\``))).toEqual([]);
    const statuses = ["succeeded", "failed", "denied", "client_aborted", "interrupted"];
    expect(statuses.filter((status) => !section.includes(`\`${status}\``))).toEqual([]);
  });
});
