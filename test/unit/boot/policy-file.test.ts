import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPolicyFile } from "../../../src/boot/policy-file.ts";
import { keysOfSeed, parseSignerKey } from "../../../src/core/signed-note.ts";
import type { PolicyLoaded } from "../../../src/gateway/deps.ts";
import { signPolicy } from "../../../src/policy/signature.ts";
import { scratchFolder } from "../../support/gateway-process.ts";
import { until } from "../../support/until.ts";

let folder: ReturnType<typeof scratchFolder>;
let path: string;
beforeEach(() => {
  folder = scratchFolder();
  path = join(folder.path, "policy.yaml");
});
afterEach(() => folder.remove());

function keys() {
  const made = keysOfSeed("security.example", new Uint8Array(32).fill(1));
  const signer = made.ok ? parseSignerKey(made.value.signerKey) : made;
  if (!made.ok || !signer.ok) throw new Error("no keys");
  return { publicKey: made.value.verifierKey, signer: signer.value };
}

const { publicKey, signer } = keys();
const sign = (text: string) => signPolicy(Buffer.from(text), { name: "team", version: 7 }, [signer]);

describe("reading the policy file", () => {
  test("asks for no signature where no key is set, and believes none that is there", async () => {
    writeFileSync(path, "a");
    writeFileSync(`${path}.sig`, "canary");
    expect(await openPolicyFile(path, null).read()).toEqual({
      ok: true,
      value: { file: path, text: "a", signed: null },
    });
  });

  test("takes what the key signed, and says as which policy", async () => {
    writeFileSync(path, "a");
    writeFileSync(`${path}.sig`, sign("a"));
    expect(await openPolicyFile(path, publicKey).read()).toMatchObject({
      ok: true,
      value: { file: path, text: "a", signed: { name: "team", version: 7 } },
    });
  });

  test.each([
    ["no signature", null, "is not signed"],
    ["the signature of another file", sign("b"), "is not the one that was signed"],
    ["what is no signature", "canary", "is no signed note"],
    ["a byte-order mark before the note", `\ufeff${sign("a")}`, "was changed"],
  ])("refuses a file with %s where a key is set, and quotes nothing", async (_, signature, words) => {
    writeFileSync(path, "a");
    if (signature !== null) writeFileSync(`${path}.sig`, signature);
    const read = await openPolicyFile(path, publicKey).read();
    const message = read.ok ? "" : read.error.message;
    expect(message).toContain(words);
    expect(message).not.toContain("canary");
  });

  test("says that there is none", async () => {
    const read = await openPolicyFile(path, null).read();
    expect(read).toMatchObject({ ok: false, error: { message: `There is no policy file ${path}.` } });
  });
});

describe("watching the policy file", () => {
  /** Resolves with the first reasons to reload. */
  function watch(count: number, opened = openPolicyFile(path, null)) {
    const told: PolicyLoaded[] = [];
    const reasons: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const watching = opened.watch(
      async (reason) => {
        if (reasons.push(reason) === count) resolve(reasons);
      },
      { policyLoaded: (event) => void told.push(event) },
    );
    return { watching, told, reasons, reloaded: promise };
  }

  test("reloads what was written after it was read at start, also before the watch began", async () => {
    writeFileSync(path, "a");
    const opened = openPolicyFile(path, null);
    await opened.read();
    writeFileSync(path, "b");
    const { watching, reloaded } = watch(1, opened);
    expect(await reloaded).toEqual(["changed"]);
    await watching.stop();
  });

  test("reloads at a signal, also where the file is gone", async () => {
    writeFileSync(path, "a");
    const { watching, reasons } = watch(1);
    await watching.signal();
    rmSync(path);
    await watching.signal();
    await watching.stop();
    expect(reasons).toEqual(["signal", "signal"]);
  });

  test("takes a file that cannot be read for a change, to be told of by whoever loads it", async () => {
    writeFileSync(path, "a");
    const opened = openPolicyFile(path, null);
    await opened.read();
    writeFileSync(path, Buffer.from([0xff]));
    const { watching, reloaded, told } = watch(1, opened);
    expect(await reloaded).toEqual(["changed"]);
    await watching.stop();
    expect(told).toEqual([]);
  });

  test("tells once that the file is gone", async () => {
    writeFileSync(path, "a");
    const opened = openPolicyFile(path, null);
    await opened.read();
    rmSync(path);
    const { watching, told, reasons } = watch(1, opened);
    await until(() => told.length > 0, "it is told");
    await watching.stop();
    expect([told, reasons]).toEqual([
      [{ result: "refused", policy: null, providers: [], reason: `There is no policy file ${path}.` }],
      [],
    ]);
  });
});
