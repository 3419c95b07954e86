import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatNote,
  keysOfSeed,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signNote,
} from "../../../src/core/signed-note.ts";
import vectors from "../../fixtures/signed-note.json" with { type: "json" };

const { published, signedByGo } = vectors;

function valueIn<T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const codeOf = (result: ReturnType<typeof openNote> | ReturnType<typeof parseVerifierKey>): string =>
  result.ok ? "ok" : result.error.code;

const messageOf = ({ text, signature, keyName }: { text: string; signature: string; keyName: string }) =>
  `${text}\n\u2014 ${keyName} ${signature}\n`;

type Pair = { readonly signer: NoteSigner; readonly verifier: NoteVerifier; readonly signerKey: string };

function pairOf(keyName: string, fill = 7): Pair {
  const { signerKey, verifierKey } = valueIn(keysOfSeed(keyName, new Uint8Array(32).fill(fill)));
  return { signer: valueIn(parseSignerKey(signerKey)), verifier: valueIn(parseVerifierKey(verifierKey)), signerKey };
}

const signed = (text: string, ...signers: NoteSigner[]): string =>
  formatNote(valueIn(signNote({ text, signatures: [] }, signers)));

describe("the vectors", () => {
  test.each([
    ["the example of the specification", { ...published, keyName: "example.com/foo" }],
    ["a note that Go signed", signedByGo],
  ])("%s opens, and written again it is the same", (_, vector) => {
    const message = messageOf(vector);
    const verifier = valueIn(parseVerifierKey(vector.verifierKey));
    const opened = valueIn(openNote(message, [verifier]));
    expect(opened.text).toBe(vector.text);
    expect(opened.signatures).toHaveLength(1);
    expect(formatNote(opened)).toBe(message);
  });

  test("a seed gives the keys and the signature that Go gives", () => {
    const keys = valueIn(keysOfSeed(signedByGo.keyName, Buffer.from(signedByGo.seed, "hex")));
    expect(keys.verifierKey).toBe(signedByGo.verifierKey);
    const material = Buffer.from(keys.verifierKey.split("+").slice(2).join("+"), "base64");
    expect(material.toString("hex")).toBe(`01${signedByGo.publicKey}`);
    const signer = valueIn(parseSignerKey(keys.signerKey));
    expect(signer.verifierKey).toBe(signedByGo.verifierKey);
    expect(signed(signedByGo.text, signer)).toBe(messageOf(signedByGo));
  });
});

describe("openNote", () => {
  const one = pairOf("one.example/a", 1);
  const other = pairOf("other.example/b", 2);
  const TEXT = "what is signed\n";

  test("refuses the note when any bit of any byte is another", () => {
    const bytes = Buffer.from(messageOf(signedByGo));
    const verifier = valueIn(parseVerifierKey(signedByGo.verifierKey));
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        expect([at, bit, openNote(altered.toString(), [verifier]).ok]).toEqual([at, bit, false]);
      }
    }
  });

  test("refuses the note when a byte is missing or there is one more", () => {
    const message = messageOf(signedByGo);
    const verifier = valueIn(parseVerifierKey(signedByGo.verifierKey));
    for (let at = 0; at <= message.length; at++) {
      const [head, tail] = [message.slice(0, at), message.slice(at)];
      for (const more of ["\n", " ", "A", "\ufeff", "\r"]) {
        expect([at, more, openNote(head + more + tail, [verifier]).ok]).toEqual([at, more, false]);
      }
      if (tail !== "") expect([at, openNote(head + tail.slice(1), [verifier]).ok]).toEqual([at, false]);
    }
  });

  test("ignores who it does not know, and gives only the signatures that it verified", () => {
    const message = signed(TEXT, one.signer, other.signer);
    expect(valueIn(openNote(message, [other.verifier])).signatures.map(({ keyName }) => keyName)).toEqual([
      "other.example/b",
    ]);
    expect(valueIn(openNote(message, [other.verifier, one.verifier])).signatures).toHaveLength(2);
    expect(codeOf(openNote(message, [pairOf("third.example").verifier]))).toBe("unsigned");
    expect(codeOf(openNote(message, []))).toBe("unsigned");
  });

  test("takes a key of the same name or of the same id for an unknown one", () => {
    const sameName = pairOf("one.example/a", 3).verifier;
    const sameId = { ...other.verifier, keyId: one.verifier.keyId };
    const message = signed(TEXT, one.signer);
    expect(codeOf(openNote(message, [sameName, sameId]))).toBe("unsigned");
    expect(openNote(message, [sameName, one.verifier]).ok).toBe(true);
  });

  test("refuses a note with one good and one bad signature by known keys, in any order", () => {
    const good = valueIn(parseNote(signed(TEXT, one.signer))).signatures;
    const forged = valueIn(parseNote(signed("something else\n", other.signer))).signatures;
    const again = valueIn(parseNote(signed("something else\n", one.signer))).signatures;
    const known = [one.verifier, other.verifier];
    for (const bad of [forged, again]) {
      for (const signatures of [
        [...good, ...bad],
        [...bad, ...good],
      ]) {
        expect(codeOf(openNote(formatNote({ text: TEXT, signatures }), known))).toBe("bad_signature");
      }
    }
    const unknown = formatNote({ text: TEXT, signatures: [...forged, ...good] });
    expect(openNote(unknown, [one.verifier]).ok).toBe(true);
  });

  test("does not choose between two known keys of one name and one id", () => {
    const twin = { ...one.verifier, verifies: () => true };
    expect(codeOf(openNote(signed(TEXT, one.signer), [one.verifier, twin]))).toBe("ambiguous_key");
    expect(openNote(signed(TEXT, other.signer), [one.verifier, twin, other.verifier]).ok).toBe(true);
  });

  test("takes signatures of other algorithms, by whoever can verify them", () => {
    const long = { keyName: "witness.example", keyId: 5, signature: new Uint8Array(5_000).fill(9) };
    const mine = valueIn(parseNote(signed(TEXT, one.signer))).signatures;
    const message = formatNote({ text: TEXT, signatures: [...mine, long] });
    expect(openNote(message, [one.verifier]).ok).toBe(true);
    const witness: NoteVerifier = {
      keyName: "witness.example",
      keyId: 5,
      verifies: (_, made) => made.length === 5_000,
    };
    expect(valueIn(openNote(message, [witness])).signatures).toEqual([
      { ...long, signature: Buffer.from(long.signature) },
    ]);
  });
});

describe("parseNote", () => {
  const { signer } = pairOf("one.example/a", 1);
  const good = signed("text\n", signer);
  const line = good.slice("text\n\n".length);

  test("parts text and signatures at the last empty line", () => {
    const text = "a\n\n\u2014 one.example/a AAAAAAAA\n\n\n";
    expect(valueIn(parseNote(signed(text, signer))).text).toBe(text);
  });

  test.each([
    ["nothing", ""],
    ["no empty line", `text\n${line}`],
    ["no signature", "text\n\n"],
    ["no newline at the end", good.slice(0, -1)],
    ["an empty line after the signatures", `${good}\n`],
    ["a line that is no signature", `${good}more\n`],
    ["two hyphens for the dash", good.replace("\u2014", "--")],
    ["a signature without a name", good.replace("one.example/a ", "")],
    ["a name with a plus sign", good.replace("one.example/a", "one+example")],
    ["a name with a blank of another script", good.replace("one.example", "one\u00a0example")],
    ["Base64 without its padding", good.replaceAll("=", "")],
    ["Base64 for URLs", "text\n\n\u2014 a __________8=\n"],
    ["Base64 with bits that stand for nothing", "text\n\n\u2014 a AAAAAAB=\n"],
    ["a key id without a signature", "text\n\n\u2014 a AAAAAA==\n"],
    ["a carriage return", good.replace("text\n", "text\r\n")],
    ["a null character", good.replace("text", "te\u0000t")],
    ["half a character", good.replace("text", "te\ud800t")],
  ])("refuses %s", (_, message) => {
    const parsed = parseNote(message);
    expect(parsed.ok ? "ok" : parsed.error.code).toBe("malformed");
  });

  test("takes as many signatures as it says, and no more", () => {
    const { signatures } = valueIn(parseNote(good));
    const times = (count: number) =>
      parseNote(formatNote({ text: "text\n", signatures: Array.from({ length: count }, () => signatures).flat() }));
    expect(times(MAX_NOTE_SIGNATURES).ok).toBe(true);
    expect(times(MAX_NOTE_SIGNATURES + 1)).toMatchObject({ ok: false, error: { code: "too_large" } });
  });

  test.each([
    ["letters of one byte", "a", 1],
    ["letters of two", "\u00fc", 2],
  ])("takes as many bytes as it says, and no more, in %s", (_, letter, bytes) => {
    const rest = Buffer.byteLength(good) - "text".length;
    const most = Math.floor((MAX_NOTE_BYTES - rest) / bytes);
    const text = (letters: number) => ({ text: `${letter.repeat(letters)}\n`, signatures: [] });
    expect(signNote(text(most), [signer]).ok).toBe(true);
    expect(signNote(text(most + 1), [signer])).toMatchObject({ ok: false, error: { code: "too_large" } });
  });

  test("quotes nothing of what it refuses", () => {
    for (const message of ["canary", "canary\n\ncanary\n", "canary\n\n\u2014 canary canary\n"]) {
      const parsed = parseNote(message);
      expect(parsed.ok ? "" : parsed.error.message).not.toContain("canary");
    }
  });
});

describe("signNote", () => {
  test("replaces a signature of the same key and keeps the others in their order", () => {
    const [one, two] = [pairOf("one.example", 1), pairOf("two.example", 2)];
    const first = valueIn(signNote({ text: "a\n", signatures: [] }, [one.signer, two.signer]));
    const again = valueIn(signNote(first, [one.signer]));
    expect(again.signatures.map(({ keyName }) => keyName)).toEqual(["two.example", "one.example"]);
    expect(openNote(formatNote(again), [one.verifier, two.verifier]).ok).toBe(true);
  });

  test.each([
    ["no newline at its end", "a"],
    ["a control character", "a\tb\n"],
    ["half a character", "\udc00\n"],
    ["nothing", ""],
  ])("refuses a text with %s", (_, text) => {
    expect(signNote({ text, signatures: [] }, [pairOf("one.example").signer]).ok).toBe(false);
  });

  test("makes no note without a signature", () => {
    expect(signNote({ text: "a\n", signatures: [] }, []).ok).toBe(false);
  });

  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .filter((written) => keysOfSeed(written, new Uint8Array(32)).ok);
  const text = fc
    .array(fc.string({ unit: "grapheme" }), { maxLength: 6 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a note has none of them.
    .map((lines) => `${lines.join("\n").replace(/[\u0000-\u0009\u000b-\u001f]/g, "")}\n`);

  test("gives what opens as the same text by the same key, and by no other", () => {
    fc.assert(
      fc.property(text, name, seed, seed, (written, keyName, mine, other) => {
        fc.pre(Buffer.compare(mine, other) !== 0);
        const keys = valueIn(keysOfSeed(keyName, mine));
        const signer = valueIn(parseSignerKey(keys.signerKey));
        const message = signed(written, signer);
        const opened = valueIn(openNote(message, [valueIn(parseVerifierKey(keys.verifierKey))]));
        expect(opened.text).toBe(written);
        expect(formatNote(opened)).toBe(message);
        const { verifierKey } = valueIn(keysOfSeed(keyName, other));
        expect(openNote(message, [valueIn(parseVerifierKey(verifierKey))]).ok).toBe(false);
      }),
    );
  });

  test("is never fooled by another text under the same signature", () => {
    const { signer, verifier } = pairOf("one.example");
    fc.assert(
      fc.property(text, text, (written, put) => {
        fc.pre(written !== put);
        const { signatures } = valueIn(signNote({ text: written, signatures: [] }, [signer]));
        expect(openNote(formatNote({ text: put, signatures }), [verifier]).ok).toBe(false);
      }),
    );
  });

  test("nothing that is read throws", () => {
    const { verifier } = pairOf("one.example");
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 60 }), text), (message) => {
        for (const read of [`${message}`, `a\n\n\u2014 one.example ${message}\n`, `a\n\n\u2014 ${message}\n`]) {
          openNote(read, [verifier]);
          parseVerifierKey(read);
          parseSignerKey(`PRIVATE+KEY+${read}`);
        }
      }),
    );
  });
});

describe("keys", () => {
  const { verifierKey } = signedByGo;
  const { signerKey } = valueIn(keysOfSeed(signedByGo.keyName, Buffer.from(signedByGo.seed, "hex")));

  test.each([
    ["verifier", verifierKey, (key: string) => parseVerifierKey(key).ok],
    ["signer", signerKey, (key: string) => parseSignerKey(key).ok],
  ] as const)("a %s key is refused when a byte of it is another or missing", (_, key, reads) => {
    expect(reads(key)).toBe(true);
    for (let at = 0; at < key.length; at++) {
      const next = String.fromCharCode(key.charCodeAt(at) + 1);
      for (const put of ["", next, "A", "+", "\n"].filter((character) => character !== key[at])) {
        expect([at, put, reads(key.slice(0, at) + put + key.slice(at + 1))]).toEqual([at, put, false]);
      }
    }
    for (const more of [`${key} `, `${key}\n`, ` ${key}`, `${key}+`, key.toUpperCase()]) {
      expect(reads(more)).toBe(false);
    }
  });

  test("neither is taken for the other", () => {
    expect(codeOf(parseVerifierKey(signerKey))).toBe("invalid_key");
    expect(parseSignerKey(verifierKey)).toMatchObject({ ok: false, error: { code: "invalid_key" } });
  });

  test("say what is wrong without what is in them", () => {
    for (const key of [signerKey.slice(0, -4), signerKey.replace("06e743aa", "06e743ab"), signerKey.slice(12)]) {
      const read = parseSignerKey(key);
      expect(read.ok ? "" : read.error.message).not.toContain(key.slice(-20));
    }
  });

  test.each(["", "a b", "a+b", "a\u2003b", "a\u0085b", "a\u0007", "\ud800", "n".repeat(1_000)])(
    "have no name like %j",
    (name) => {
      expect(keysOfSeed(name, new Uint8Array(32)).ok).toBe(false);
    },
  );

  test("are made of 32 bytes", () => {
    expect(() => keysOfSeed("a", new Uint8Array(31))).toThrow("32 bytes");
  });
});
