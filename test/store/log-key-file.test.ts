import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOrCreateDigestKeys, newDigestKey } from "../../src/store/digest-key-file.ts";
import { loadLogKeys, newLogKey } from "../../src/store/log-key-file.ts";

const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-keys-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let dataDir = "";
beforeEach(() => {
  dataDir = join(mkdtempSync(join(scratch, "x-")), "data");
});

function made(name: string) {
  const keys = newLogKey(name);
  if (!keys.ok) throw new Error(keys.error.message);
  return keys.value;
}

describe("the key of the log", () => {
  const load = (options: Partial<Parameters<typeof loadLogKeys>[0]> = {}) =>
    loadLogKeys({ dataDir, key: null, keyFile: null, oldKeys: [], ...options });
  const pathOf = (name: string) => join(dataDir, "log", name);

  test("is made where there is none, for its owner alone, and said so once", async () => {
    const first = await load();
    expect(first).toMatchObject({ ok: true, value: { generatedFile: pathOf("signer.key"), oldKeys: [] } });
    expect(first.ok && first.value.signer.keyName).toMatch(/^policy-mesh\/[0-9a-f]{16}$/);
    expect(statSync(pathOf("signer.key")).mode & 0o777).toBe(0o600);
    const second = await load();
    expect(second).toMatchObject({ ok: true, value: { generatedFile: null } });
    expect(second.ok && second.value.signer.verifierKey).toBe(first.ok ? first.value.signer.verifierKey : "");
    expect(readdirSync(join(dataDir, "log")).toSorted()).toEqual(["signer.key", "verifier.key"]);
  });

  test("is the same for all who start at once", async () => {
    const loaded = await Promise.all(Array.from({ length: 8 }, () => load()));
    expect(new Set(loaded.map((one) => one.ok && one.value.signer.verifierKey)).size).toBe(1);
  });

  test("comes from the setting, then from the file that is named, then from DATA_DIR; others can verify by it", async () => {
    const [inSetting, inFile] = [made("log.example/setting"), made("log.example/file")];
    await load();
    const own = readFileSync(pathOf("verifier.key"), "utf8");
    const keyFile = join(dataDir, "mounted");
    writeFileSync(keyFile, `${inFile.signerKey}\n`);
    for (const [options, verifierKey] of [
      [{ key: inSetting.signerKey, keyFile }, inSetting.verifierKey],
      [{ keyFile }, inFile.verifierKey],
      [{}, own.trim()],
    ] as const) {
      const loaded = await load(options);
      expect(loaded.ok && loaded.value.signer.verifierKey).toBe(verifierKey);
      expect(readFileSync(pathOf("verifier.key"), "utf8")).toBe(`${verifierKey}\n`);
    }
  });

  test("a file that is named is not made", async () => {
    const keyFile = join(dataDir, "missing");
    const loaded = await load({ keyFile });
    expect(loaded).toEqual({
      ok: false,
      error: { message: `${keyFile} cannot be read, which AUDIT_LOG_KEY_FILE names (ENOENT).` },
    });
    expect(existsSync(keyFile)).toBe(false);
  });

  test("what is no key is refused, replaced by none, and not repeated", async () => {
    const { signerKey } = made("log.example/one");
    mkdirSync(join(dataDir, "log"), { recursive: true });
    for (const text of ["", "canary", signerKey.slice(0, -6), signerKey.replace("one", "two"), "x".repeat(20_000)]) {
      writeFileSync(pathOf("signer.key"), text);
      const loaded = await load();
      expect(loaded.ok).toBe(false);
      expect(JSON.stringify(loaded)).not.toContain("canary");
      expect(JSON.stringify(loaded)).not.toContain("PRIVATE+KEY+log");
      expect(readFileSync(pathOf("signer.key"), "utf8")).toBe(text);
    }
  });

  test("keys of before are read; the one in use is none of them", async () => {
    const [now, before] = [made("log.example/one"), made("log.example/one")];
    const oldKeys = [before.verifierKey, now.verifierKey, before.verifierKey];
    const loaded = await load({ key: now.signerKey, oldKeys });
    expect(loaded.ok && loaded.value.oldKeys.map(({ keyName }) => keyName)).toEqual(["log.example/one"]);
    expect(await load({ key: now.signerKey, oldKeys: ["canary"] })).toMatchObject({ ok: false });
  });

  test("a directory that cannot be written is said so", async () => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, "log"), "");
    const loaded = await load({ key: made("log.example/one").signerKey });
    expect(loaded).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("verifier.key cannot be written") },
    });
  });
});

describe("digest keys", () => {
  const file = () => join(dataDir, "prompt-digest.key");
  const write = (text: string) => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file(), text);
  };

  test("one is made where there is none, and stays", () => {
    const first = loadOrCreateDigestKeys(dataDir);
    expect(first.ok && first.value.map(({ length }) => length)).toEqual([32]);
    expect(loadOrCreateDigestKeys(dataDir)).toEqual(first);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test("the first line is in use, the others are of before", () => {
    const keys = [newDigestKey(), newDigestKey(), newDigestKey()];
    write(`${keys[0]}\n\n  ${keys[1]}\r\n${keys[2]}`);
    const loaded = loadOrCreateDigestKeys(dataDir);
    expect(loaded.ok && loaded.value.map((key) => Buffer.from(key).toString("base64"))).toEqual(keys);
  });

  test("what holds no keys is refused, not replaced, and not repeated", () => {
    const many = Array.from({ length: 101 }, newDigestKey).join("\n");
    for (const text of ["", "\n", "canary", `${newDigestKey()}\ncanary`, many]) {
      write(text);
      const loaded = loadOrCreateDigestKeys(dataDir);
      expect(loaded).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining("does not hold 1 to 100") },
      });
      expect(JSON.stringify(loaded)).not.toContain("canary");
      expect(readFileSync(file(), "utf8")).toBe(text);
    }
  });
});
