import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { signCheckpoint } from "../../../src/audit/checkpoint.ts";
import {
  formatReceipt,
  MAX_RECEIPT_BYTES,
  parseReceipt,
  type Receipt,
  verifyReceipt,
} from "../../../src/audit/receipt.ts";
import { canonicalRecord, leafHash } from "../../../src/audit/record.ts";
import { type NoteSigner, parseVerifierKey } from "../../../src/core/signed-note.ts";
import { actionRecord, requestRecord } from "../../support/arbitrary-record.ts";
import { recordAt, signedLog, signerNamed } from "../../support/signed-log.ts";

const signer = signerNamed("log.example/one");
const log = signedLog(300, signer);

function verify(text: string, ...trusted: readonly NoteSigner[]) {
  const verifiers = trusted.map(({ verifierKey }) => {
    const verifier = parseVerifierKey(verifierKey);
    if (!verifier.ok) throw new Error(verifier.error.message);
    return verifier.value;
  });
  return verifyReceipt(text, verifiers);
}
const codeOf = (result: ReturnType<typeof verifyReceipt>): string => (result.ok ? "ok" : result.error.code);

function partsOf(text: string): Receipt {
  const parsed = parseReceipt(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

/** Of a log of one leaf, which is whatever was signed. */
function receiptOfOnly(record: Uint8Array): string {
  const checkpoint = signCheckpoint({ size: 1, rootHash: leafHash(record) }, signer);
  if (!checkpoint.ok) throw new Error(checkpoint.error.message);
  return formatReceipt({ record, index: 0, proof: [], checkpoint: checkpoint.value });
}

describe("a receipt", () => {
  test("of every record of a log verifies by the log's key alone", () => {
    for (const [index, record] of log.records.entries()) {
      const result = verify(log.receipt(index), signer);
      if (!result.ok) throw new Error(result.error.message);
      expect(result.value.record).toEqual(JSON.parse(canonicalRecord(record)));
      expect([result.value.index, result.value.checkpoint.size]).toEqual([index, 300]);
      expect(result.value.checkpoint.origin).toBe("log.example/one");
    }
  });

  test("has the lines of the standard", () => {
    const [header, extra, index, ...rest] = log.receipt(299).split("\n");
    expect(header).toBe("c2sp.org/tlog-proof@v1");
    expect(extra).toBe(`extra ${Buffer.from(canonicalRecord(recordAt(299))).toString("base64")}`);
    expect(index).toBe("index 299");
    const end = rest.indexOf("");
    // 299 is 256 + 32 + 8 + 3: its siblings are those within the last four, then three older trees.
    expect(rest.slice(0, end).map((line) => Buffer.from(line, "base64").length)).toEqual([32, 32, 32, 32, 32]);
    expect(rest.slice(end + 1).join("\n")).toBe(log.checkpoint);
  });

  test("is read as it was written, whatever the record", () => {
    const parts = fc.record({
      record: fc.oneof(requestRecord, actionRecord).map((record) => Buffer.from(canonicalRecord(record))),
      index: fc.maxSafeNat(),
      proof: fc.array(
        fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
        { maxLength: 53 },
      ),
      checkpoint: fc.constant(log.checkpoint),
    });
    fc.assert(fc.property(parts, (given) => expect(partsOf(formatReceipt(given))).toEqual(given)));
    fc.assert(
      fc.property(fc.oneof(requestRecord, actionRecord), (record) => {
        const result = verify(receiptOfOnly(Buffer.from(canonicalRecord(record))), signer);
        expect(result.ok ? result.value.record : result.error).toEqual(JSON.parse(canonicalRecord(record)));
      }),
      { numRuns: 30 },
    );
  });

  test("is refused when a bit of any byte is another", () => {
    const bytes = Buffer.from(log.receipt(77));
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
      expect([at, verify(altered.toString(), signer).ok]).toEqual([at, false]);
    }
  });

  test("is refused when it is cut anywhere, or goes on", () => {
    const text = log.receipt(77);
    for (let length = 0; length < text.length; length += 13) {
      expect([length, verify(text.slice(0, length), signer).ok]).toEqual([length, false]);
    }
    expect(verify(`${text}\n`, signer).ok).toBe(false);
    expect(verify(`\ufeff${text}`, signer).ok).toBe(false);
    expect(verify(text.replaceAll("\n", "\r\n"), signer).ok).toBe(false);
  });
});

describe("verifyReceipt", () => {
  const parts = partsOf(log.receipt(77));
  const change = (given: Partial<Receipt>): string => codeOf(verify(formatReceipt({ ...parts, ...given }), signer));

  test("refuses the record, the index and the proof of another leaf", () => {
    const other = partsOf(log.receipt(78));
    expect(change({})).toBe("ok");
    expect(change({ record: other.record })).toBe("not_included");
    expect(change({ index: 78 })).toBe("not_included");
    expect(change({ proof: other.proof })).toBe("not_included");
    expect(change({ index: 300 })).toBe("not_included");
    expect(change({ proof: parts.proof.slice(1) })).toBe("not_included");
    expect(change({ record: other.record, index: 78, proof: other.proof })).toBe("ok");
  });

  test("refuses a record of which any field was altered", () => {
    const record = recordAt(77);
    for (const field of Object.keys(record)) {
      const altered = Buffer.from(canonicalRecord({ ...record, [field]: "altered" }));
      expect([field, change({ record: altered })]).toEqual([field, "not_included"]);
    }
  });

  test("refuses a checkpoint of another tree, of another log, and by an unknown key", () => {
    const other = signerNamed("log.example/two", 2);
    expect(change({ checkpoint: signedLog(299, signer).checkpoint })).toBe("not_included");
    expect(codeOf(verify(log.receipt(77), other))).toBe("unsigned");
    expect(codeOf(verify(log.receipt(77)))).toBe("unsigned");
    expect(codeOf(verify(log.receipt(77), other, signer))).toBe("ok");
    const forged = signCheckpoint({ size: 300, rootHash: log.root }, signerNamed("log.example/one", 9));
    expect(change({ checkpoint: forged.ok ? forged.value : "" })).toBe("unsigned");
    expect(change({ checkpoint: log.checkpoint.replace("\n300\n", "\n301\n") })).toBe("bad_signature");
  });

  test.each([
    ["text that is no JSON", "no json"],
    ["a list", "[1]"],
    ["two fields of one name", '{"a":1,"a":2}'],
    ["fields in another order", '{"b":1,"a":2}'],
    ["blanks", '{"a": 1}'],
    ["a number written in another way", '{"a":1.0}'],
    ["an escape that need not be", '{"a":"\\u0061"}'],
    ["half a character", '{"a":"\\ud800"}'],
    ["more nesting than anybody writes", `{"a":${"[".repeat(16)}${"]".repeat(16)}}`],
    ["more nesting than can be printed", `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
  ])("refuses %s, though the log signed it", (_, text) => {
    expect(codeOf(verify(receiptOfOnly(Buffer.from(text)), signer))).toBe("malformed_record");
  });

  test("refuses bytes that are no UTF-8, though the log signed them", () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Uint8Array.of(0xff), Buffer.from('"}')]);
    expect(codeOf(verify(receiptOfOnly(bytes), signer))).toBe("malformed_record");
  });
});

describe("parseReceipt", () => {
  const text = log.receipt(2);
  const codeOfText = (altered: string): string => {
    const parsed = parseReceipt(altered);
    return parsed.ok ? "ok" : parsed.error.code;
  };

  test.each([
    ["nothing", ""],
    ["another first line", text.replace("tlog-proof@v1", "tlog-proof@v2")],
    ["no record", text.replace(/\nextra .*\n/, "\n")],
    ["an empty record", text.replace(/\nextra .*\n/, "\nextra \n")],
    ["a record that is no Base64", text.replace(/\nextra .*\n/, "\nextra !!!!\n")],
    ["a record in the alphabet of URLs", text.replace(/\nextra .*\n/, "\nextra _-_-\n")],
    ["no index", text.replace("\nindex 2\n", "\n")],
    ["an index below zero", text.replace("\nindex 2\n", "\nindex -2\n")],
    ["an index with a zero before it", text.replace("\nindex 2\n", "\nindex 02\n")],
    ["an index that is no safe integer", text.replace("\nindex 2\n", "\nindex 9007199254740992\n")],
    ["index and record the other way round", text.replace(/\n(extra .*)\n(index 2)\n/, "\n$2\n$1\n")],
    ["a hash of 31 bytes", text.replace("\nindex 2\n", `\nindex 2\n${Buffer.alloc(31).toString("base64")}\n`)],
    ["more hashes than any tree has", text.replace("\n\n", `\n${`${"A".repeat(43)}=\n`.repeat(54)}\n`)],
    ["no empty line", text.replace("\n\n", "\n")],
  ])("refuses %s", (_, altered) => {
    expect(altered).not.toBe(text);
    expect(codeOfText(altered)).toBe("malformed_receipt");
  });

  test("refuses what is larger than any receipt", () => {
    expect(codeOfText(`${text}${"x".repeat(MAX_RECEIPT_BYTES)}`)).toBe("receipt_too_large");
    expect(codeOfText(`${text}${"\u2028".repeat(MAX_RECEIPT_BYTES / 2)}`)).toBe("receipt_too_large");
  });
});
