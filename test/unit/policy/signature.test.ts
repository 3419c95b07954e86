import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatNote,
  keysOfSeed,
  type NoteSigner,
  type NoteVerifier,
  parseSignerKey,
  parseVerifierKey,
  signNote,
} from "../../../src/core/signed-note.ts";
import { mismatchOf, signPolicy, verifyPolicy } from "../../../src/policy/signature.ts";

function pairOf(keyName: string, fill: number): { readonly signer: NoteSigner; readonly verifier: NoteVerifier } {
  const keys = keysOfSeed(keyName, new Uint8Array(32).fill(fill));
  const signer = keys.ok ? parseSignerKey(keys.value.signerKey) : keys;
  const verifier = keys.ok ? parseVerifierKey(keys.value.verifierKey) : keys;
  if (!signer.ok || !verifier.ok) throw new Error("no keys");
  return { signer: signer.value, verifier: verifier.value };
}

const { signer, verifier } = pairOf("security.example", 1);
const FILE = Buffer.from("apiVersion: policy-mesh/v1\nname: team\nversion: 7\n");
const TEAM = { name: "team", version: 7 };
const NOTE = signPolicy(FILE, TEAM, [signer]);
const codeOf = (file: Uint8Array, note: string, by = verifier) => {
  const verified = verifyPolicy(file, note, by);
  return verified.ok ? "ok" : verified.error.code;
};

describe("signPolicy", () => {
  test("says in four lines which policy the file is", () => {
    const digest = new Bun.CryptoHasher("sha256").update(FILE).digest("hex");
    expect(NOTE.split("\n\n")[0]).toBe(`policy-mesh/policy/v1\nteam\n7\nsha256:${digest}`);
    expect(NOTE).toContain("\n\u2014 security.example ");
  });

  test("makes the same of the same", () => {
    expect(signPolicy(FILE, TEAM, [signer])).toBe(NOTE);
  });
});

describe("verifyPolicy", () => {
  test("takes what was signed, and says as what and by whom", () => {
    expect(verifyPolicy(FILE, NOTE, verifier)).toEqual({ ok: true, value: { ...TEAM, keyName: "security.example" } });
  });

  test("refuses the file when any bit of it is another, and when it is longer or shorter", () => {
    for (let at = 0; at < FILE.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const altered = Buffer.from(FILE);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect([at, bit, codeOf(altered, NOTE)]).toEqual([at, bit, "other_file"]);
      }
    }
    expect(codeOf(FILE.subarray(1), NOTE)).toBe("other_file");
    expect(codeOf(Buffer.concat([FILE, Buffer.from("\n")]), NOTE)).toBe("other_file");
    expect(codeOf(Buffer.alloc(0), NOTE)).toBe("other_file");
  });

  test("refuses the note when any bit of it is another", () => {
    const bytes = Buffer.from(NOTE);
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect([at, bit, codeOf(FILE, altered.toString())]).not.toEqual([at, bit, "ok"]);
      }
    }
  });

  test("refuses the signature of another key, also of one with the same name", () => {
    expect(codeOf(FILE, NOTE, pairOf("security.example", 2).verifier)).toBe("unknown_key");
    expect(codeOf(FILE, signPolicy(FILE, TEAM, [pairOf("other.example", 1).signer]))).toBe("unknown_key");
  });

  test("takes a note that several keys signed, for a key that follows another", () => {
    const next = pairOf("security.example", 2);
    const both = signPolicy(FILE, TEAM, [signer, next.signer]);
    expect([codeOf(FILE, both), codeOf(FILE, both, next.verifier)]).toEqual(["ok", "ok"]);
  });

  const digest = new Bun.CryptoHasher("sha256").update(FILE).digest("hex");
  test.each([
    ["another kind of note", `policy-mesh/policy/v2\nteam\n7\nsha256:${digest}\n`],
    ["a checkpoint", `log.example\n7\n${digest}\n`],
    ["a line more", `policy-mesh/policy/v1\nteam\n7\nsha256:${digest}\nmore\n`],
    ["a line less", `policy-mesh/policy/v1\nteam\n7\n`],
    ["no name", `policy-mesh/policy/v1\n\n7\nsha256:${digest}\n`],
    ["a version of its own kind", `policy-mesh/policy/v1\nteam\n07\nsha256:${digest}\n`],
    ["a version that is no number", `policy-mesh/policy/v1\nteam\n7.0\nsha256:${digest}\n`],
  ])("refuses %s that the same key signed", (_, text) => {
    const note = signNote({ text, signatures: [] }, [signer]);
    if (!note.ok) throw new Error("not signed");
    expect(codeOf(FILE, formatNote(note.value))).toBe("not_a_policy");
  });

  test.each([
    ["upper case", `sha256:${digest.toUpperCase()}`],
    ["another algorithm", `sha512:${digest}`],
    ["the digest alone", digest],
    ["a blank after it", `sha256:${digest} `],
  ])("compares the digest as it is written: not %s", (_, written) => {
    const note = signNote({ text: `policy-mesh/policy/v1\nteam\n7\n${written}\n`, signatures: [] }, [signer]);
    if (!note.ok) throw new Error("not signed");
    expect(codeOf(FILE, formatNote(note.value))).toBe("other_file");
  });

  test("refuses what is no note, and quotes neither it nor the file", () => {
    for (const note of ["", "canary", "canary\n\ncanary\n", NOTE.slice(0, -1), NOTE.replaceAll("\n", "\r\n")]) {
      const verified = verifyPolicy(FILE, note, verifier);
      expect(verified).toMatchObject({ ok: false, error: { code: "not_a_note" } });
      expect(verified.ok ? "" : verified.error.message).not.toContain("canary");
    }
  });

  test("opens for every file what was signed for it, and for no other file", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.integer({ min: 1, max: 1e9 }), (file, other, version) => {
        const note = signPolicy(file, { name: "team", version }, [signer]);
        expect(verifyPolicy(file, note, verifier)).toMatchObject({ ok: true, value: { name: "team", version } });
        expect(verifyPolicy(other, note, verifier).ok).toBe(Buffer.compare(file, other) === 0);
      }),
    );
  });
});

describe("mismatchOf", () => {
  test("holds the name and the version of the note against those of the file", () => {
    expect(mismatchOf(TEAM, { name: "team", version: 7 })).toBeNull();
    expect(mismatchOf(TEAM, { name: "team", version: 8 })).toMatchObject({ code: "other_policy" });
    expect(mismatchOf(TEAM, { name: "teams", version: 7 })).toMatchObject({ code: "other_policy" });
  });
});
