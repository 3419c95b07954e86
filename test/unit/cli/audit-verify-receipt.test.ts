import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signCheckpoint } from "../../../src/audit/checkpoint.ts";
import { formatReceipt } from "../../../src/audit/receipt.ts";
import { leafHash } from "../../../src/audit/record.ts";
import { VERIFY_RECEIPT, verifyReceiptFile } from "../../../src/cli/audit/verify-receipt.ts";
import { parseArguments } from "../../../src/cli/command/arguments.ts";
import { recordAt, signedLog, signerNamed } from "../../support/signed-log.ts";

const signer = signerNamed("log.example/one");
const other = signerNamed("log.example/two", 2);
const log = signedLog(20, signer);

const folder = mkdtempSync(join(tmpdir(), "policy-mesh-receipt-"));
const pathOf = (name: string) => join(folder, name);

beforeAll(() => {
  writeFileSync(pathOf("r.tlog-proof"), log.receipt(7));
  writeFileSync(pathOf("altered.tlog-proof"), log.receipt(7).replace("\nindex 7\n", "\nindex 6\n"));
  writeFileSync(pathOf("verifier.key"), `${other.verifierKey}\n${signer.verifierKey}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(file: string, ...argv: readonly string[]) {
  const given = parseArguments(VERIFY_RECEIPT, [pathOf(file), ...argv]);
  if (!given.ok) throw new Error(given.error);
  const { exitCode, stdout, stderr } = await verifyReceiptFile(given.value);
  return { exitCode, stdout: stdout.replaceAll(`${folder}/`, ""), stderr: stderr.replaceAll(`${folder}/`, "") };
}

describe("audit verify-receipt", () => {
  test("says which log holds which record", async () => {
    const { exitCode, stdout, stderr } = await run("r.tlog-proof", "--key", signer.verifierKey);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toStartWith(
      "r.tlog-proof holds.\n\n  log        log.example/one\n  leaf       index 7, in a tree of size 20\n",
    );
    for (const [name, value] of Object.entries(recordAt(7))) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
      if (typeof value === "string") expect(stdout).toContain(JSON.stringify(value));
    }
  });

  test("says it as JSON", async () => {
    const { exitCode, stdout, stderr } = await run("r.tlog-proof", "--key", signer.verifierKey, "--json");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      file: "r.tlog-proof",
      ok: true,
      log: "log.example/one",
      tree_size: 20,
      root_hash: log.root.toString("base64"),
      key_ids: [signer.verifierKey.split("+")[1]],
      leaf_index: 7,
      record: JSON.parse(JSON.stringify(recordAt(7))),
      faults: [],
    });
  });

  test("takes several keys, from a file too, and the same one twice", async () => {
    const keys = ["--key", `@${pathOf("verifier.key")}`, "--key", signer.verifierKey];
    expect((await run("r.tlog-proof", ...keys)).exitCode).toBe(0);
  });

  test("refuses a receipt that does not hold, and prints nothing of its record", async () => {
    const { exitCode, stdout, stderr } = await run("altered.tlog-proof", "--key", signer.verifierKey);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      "altered.tlog-proof is refused. The record is not the leaf that the checkpoint has at its index.\n",
    );
    const json = await run("altered.tlog-proof", "--key", signer.verifierKey, "--json");
    expect([json.exitCode, json.stderr]).toEqual([1, ""]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, faults: [{ code: "not_included" }] });
  });

  test("refuses a receipt of a log whose key is not trusted", async () => {
    const { exitCode, stderr } = await run("r.tlog-proof", "--key", other.verifierKey);
    expect([exitCode, stderr]).toEqual([1, "r.tlog-proof is refused. No known key signed the note.\n"]);
  });

  test("takes a private key for wrong usage, and does not repeat it", async () => {
    const { exitCode, stdout, stderr } = await run(
      "r.tlog-proof",
      "--key",
      "PRIVATE+KEY+log.example/one+00000000+AQ==",
    );
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).not.toContain("AQ==");
  });

  test("says which file cannot be read", async () => {
    expect(await run("none.tlog-proof", "--key", signer.verifierKey)).toMatchObject({
      exitCode: 1,
      stderr: "There is no file none.tlog-proof.\n",
    });
    expect(await run("r.tlog-proof", "--key", `@${pathOf("none.key")}`)).toMatchObject({
      exitCode: 1,
      stderr: "There is no file none.key.\n",
    });
  });

  test("prints nothing that moves a cursor, whatever the log signed", async () => {
    const record = Buffer.from('{"a\u202eb":"\u009b2J"}');
    const checkpoint = signCheckpoint({ size: 1, rootHash: leafHash(record) }, signer);
    const text = formatReceipt({ record, index: 0, proof: [], checkpoint: checkpoint.ok ? checkpoint.value : "" });
    writeFileSync(pathOf("odd.tlog-proof"), text);
    const { exitCode, stdout } = await run("odd.tlog-proof", "--key", signer.verifierKey);
    expect(exitCode).toBe(0);
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
  });

  test("does not start without a key", () => {
    expect(parseArguments(VERIFY_RECEIPT, ["r.tlog-proof"])).toEqual({ ok: false, error: expect.any(String) });
  });
});
