import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from "../../../src/audit/checkpoint.ts";
import { leafHash } from "../../../src/audit/record.ts";
import {
  formatNote,
  type NoteSigner,
  type NoteVerifier,
  parseVerifierKey,
  signNote,
} from "../../../src/core/signed-note.ts";
import { signerNamed } from "../../support/signed-log.ts";

/** The text of the published example of C2SP tlog-checkpoint. */
const EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const ROOT = leafHash("root");
const ROOT_BASE64 = ROOT.toString("base64");

const signer = signerNamed("log.example/one");
const otherLog = signerNamed("log.example/two", 2);
const nextKey = signerNamed("log.example/one", 3);

function verifierOf({ verifierKey }: NoteSigner): NoteVerifier {
  const verifier = parseVerifierKey(verifierKey);
  if (!verifier.ok) throw new Error(verifier.error.message);
  return verifier.value;
}

function noteOf(text: string, ...signers: readonly NoteSigner[]): string {
  const note = signNote({ text, signatures: [] }, signers);
  if (!note.ok) throw new Error(note.error.message);
  return formatNote(note.value);
}

const opened = (note: string, ...trusted: readonly NoteSigner[]) => openCheckpoint(note, trusted.map(verifierOf));
const codeOf = (result: ReturnType<typeof openCheckpoint>): string => (result.ok ? "ok" : result.error.code);

describe("the text of a checkpoint", () => {
  test("of the published example is read, and written as it was", () => {
    const parsed = parseCheckpoint(EXAMPLE);
    if (!parsed.ok) throw new Error(parsed.error.message);
    expect([parsed.value.origin, parsed.value.size]).toEqual(["example.com/behind-the-sofa", 20_852_163]);
    expect(formatCheckpoint(parsed.value)).toBe(EXAMPLE);
  });

  test("is read as it was written", () => {
    const checkpoint: fc.Arbitrary<Checkpoint> = fc.record({
      origin: fc.stringMatching(/^[^\n]{1,30}$/),
      size: fc.oneof(fc.nat(9), fc.maxSafeNat()),
      rootHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(checkpoint, (given) => {
        const parsed = parseCheckpoint(formatCheckpoint(given));
        expect(parsed.ok ? { ...parsed.value } : parsed.error).toEqual(given);
      }),
    );
  });

  test("may have more lines, which say nothing here", () => {
    expect(parseCheckpoint(`a\n1\n${ROOT_BASE64}\nmore\nand more\n`)).toEqual(
      parseCheckpoint(`a\n1\n${ROOT_BASE64}\n`),
    );
  });

  test.each([
    ["nothing", ""],
    ["two lines", "a\n1\n"],
    ["no newline at its end", `a\n1\n${ROOT_BASE64}`],
    ["no origin", `\n1\n${ROOT_BASE64}\n`],
    ["an empty line", `a\n1\n${ROOT_BASE64}\n\nmore\n`],
    ["an empty line at its end", `a\n1\n${ROOT_BASE64}\n\n`],
    ["a size with a zero before it", `a\n01\n${ROOT_BASE64}\n`],
    ["a size below zero", `a\n-1\n${ROOT_BASE64}\n`],
    ["a size with a sign", `a\n+1\n${ROOT_BASE64}\n`],
    ["a size in another notation", `a\n1e3\n${ROOT_BASE64}\n`],
    ["a size that is no safe integer", `a\n9007199254740992\n${ROOT_BASE64}\n`],
    ["a size with a carriage return", `a\n1\r\n${ROOT_BASE64}\n`],
    ["a root of 31 bytes", `a\n1\n${ROOT.subarray(1).toString("base64")}\n`],
    ["a root of 33 bytes", `a\n1\n${Buffer.concat([ROOT, ROOT.subarray(31)]).toString("base64")}\n`],
    ["a root in hexadecimal", `a\n1\n${ROOT.toString("hex")}\n`],
    ["a root without padding", `a\n1\n${ROOT_BASE64.replace("=", "")}\n`],
    ["a root with stray bits", `a\n1\n${Buffer.alloc(32).toString("base64").replace("A=", "B=")}\n`],
  ])("is none with %s", (_, text) => {
    const parsed = parseCheckpoint(text);
    expect(parsed.ok ? "ok" : parsed.error.code).toBe("malformed_checkpoint");
  });
});

describe("openCheckpoint", () => {
  const signed = signCheckpoint({ size: 5, rootHash: ROOT }, signer);
  const note = signed.ok ? signed.value : "";

  test("gives what the log's key signed, and says which key it was", () => {
    const result = opened(note, signer);
    expect(result.ok ? result.value : result.error).toEqual({
      origin: "log.example/one",
      size: 5,
      rootHash: ROOT,
      keyIds: [signer.keyId],
    });
  });

  test("trusts either key of a log while one is replaced by the other", () => {
    const next = noteOf(formatCheckpoint({ origin: "log.example/one", size: 6, rootHash: ROOT }), nextKey);
    expect([codeOf(opened(note, nextKey, signer)), codeOf(opened(next, nextKey, signer))]).toEqual(["ok", "ok"]);
    expect(codeOf(opened(next, signer))).toBe("unsigned");
  });

  test("ignores what others signed beside the log", () => {
    const cosigned = noteOf(formatCheckpoint({ origin: "log.example/one", size: 5, rootHash: ROOT }), signer, otherLog);
    for (const trusted of [[signer], [signer, otherLog]]) {
      const result = opened(cosigned, ...trusted);
      expect(result.ok ? result.value.keyIds : result.error).toEqual([signer.keyId]);
    }
  });

  test("does not trust the key of one log on another one", () => {
    const foreign = noteOf(formatCheckpoint({ origin: "log.example/one", size: 5, rootHash: ROOT }), otherLog);
    expect(codeOf(opened(foreign, otherLog))).toBe("foreign_origin");
    expect(codeOf(opened(foreign, otherLog, signer))).toBe("foreign_origin");
  });

  test("refuses unknown keys, altered text, and signed text that is no checkpoint", () => {
    expect(codeOf(opened(note, otherLog))).toBe("unsigned");
    expect(codeOf(opened(note))).toBe("unsigned");
    expect(codeOf(opened(note.replace("\n5\n", "\n6\n"), signer))).toBe("bad_signature");
    expect(codeOf(opened(noteOf("log.example/one\nfive\n", signer), signer))).toBe("malformed_checkpoint");
    expect(codeOf(opened("", signer))).toBe("malformed");
  });
});
