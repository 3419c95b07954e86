import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keysOfSeed, parseSignerKey } from "../../src/core/signed-note.ts";
import { runGateway, scratchFolder } from "../support/gateway-process.ts";

const POLICY = `apiVersion: policy-mesh/v1
name: team
version: 7
providers:
  local:
    kind: ollama
    zone: local
    base_url: http://127.0.0.1:11434
    default_model: llama3.1
  cloud:
    kind: openai
    zone: cloud
    base_url: https://api.example.com/v1
    api_key: \${CLOUD_KEY}
    default_model: gpt-4o-mini
signals:
  project:
    keywords: [canary-keyword]
constraints:
  - id: keep-project
    when: { signal: project }
    forbid: { zones_except: [local] }
    reason: project
default:
  route: [cloud, local]
  reason: default
tests:
  - name: the project stays here
    given: { signals: [project] }
    expect: { route: [local] }
`;

const folder = scratchFolder();
afterAll(() => folder.remove());
let folders = 0;

/** A folder with the policy, where the commands run. */
function openFolder() {
  const cwd = join(folder.path, String(folders++));
  mkdirSync(cwd);
  const policy = (...args: string[]) => runGateway(["policy", ...args], cwd, { HOME: cwd });
  const at = (name: string) => join(cwd, name);
  writeFileSync(at("policy.yaml"), POLICY);
  return { cwd, policy, at };
}

const NAME = "security.example/policies";
const KEYS = keysOf(NAME, 1);

/** With a private key in it, as `policy keygen` writes one. */
function setUp() {
  const opened = openFolder();
  writeFileSync(opened.at("team.key"), `${KEYS.signerKey}\n`);
  return { ...opened, publicKey: KEYS.verifierKey };
}

function keysOf(name: string, fill: number) {
  const keys = keysOfSeed(name, new Uint8Array(32).fill(fill));
  if (!keys.ok) throw new Error(keys.error.message);
  return keys.value;
}

describe("policy keygen", () => {
  test("writes the private key for its owner alone, prints the public one, and never overwrites", async () => {
    const { policy, at } = openFolder();
    const made = await policy("keygen", NAME, "--out", "team.key");
    const publicKey = made.stdout.trim();
    expect(publicKey).toMatch(/^security\.example\/policies\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$/);
    expect([made.exitCode, made.stdout]).toEqual([0, `${publicKey}\n`]);
    expect(made.stderr).toContain("team.key");
    const privateKey = readFileSync(at("team.key"), "utf8");
    expect(privateKey).toMatch(/^PRIVATE\+KEY\+security\.example\/policies\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/);
    expect(statSync(at("team.key")).mode & 0o777).toBe(0o600);
    expect(made.stdout + made.stderr).not.toContain(privateKey.trim().split("+").slice(4).join("+"));
    const signer = parseSignerKey(privateKey.trim());
    expect(signer.ok && signer.value.verifierKey).toBe(publicKey);

    const [again, other] = await Promise.all([
      policy("keygen", NAME, "--out", "team.key"),
      policy("keygen", NAME, "--out", "other.key", "--json"),
    ]);
    expect(again).toMatchObject({ exitCode: 1, stdout: "" });
    expect(again.stderr).toContain("not overwritten");
    expect(readFileSync(at("team.key"), "utf8")).toBe(privateKey);
    expect(other).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(other.stdout)).toMatchObject({ ok: true, file: "other.key", name: NAME });
    expect(JSON.parse(other.stdout).public_key).not.toBe(publicKey);
  });

  test("is wrong usage without a file or a name, and with a name that is none; then it writes nothing", async () => {
    const { policy, at } = openFolder();
    const wrong = [["name"], ["--out", "x.key"], ["a+b", "--out", "x.key"]];
    const ends = await Promise.all(wrong.map((args) => policy("keygen", ...args)));
    for (const { exitCode, stdout, stderr } of ends) {
      expect([exitCode, stdout, stderr === ""]).toEqual([2, "", false]);
    }
    expect(existsSync(at("x.key"))).toBe(false);
  });

  test("says where it cannot write", async () => {
    const { policy } = openFolder();
    const ended = await policy("keygen", "name", "--out", "no/such/folder.key", "--json");
    expect(ended).toMatchObject({ exitCode: 1, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, faults: [{ code: "unwritable_file" }] });
  });
});

describe("policy sign and policy verify", () => {
  test("sign what verify takes, with the key given as text and as a file", async () => {
    const { policy, at, publicKey } = setUp();
    const signed = await policy("sign", "policy.yaml", "--key", "team.key");
    expect(signed).toEqual({
      exitCode: 0,
      stdout: "policy.yaml.sig: team, version 7, signed by security.example/policies\n",
      stderr: "",
    });
    const note = readFileSync(at("policy.yaml.sig"), "utf8");
    expect(note).toMatch(
      /^policy-mesh\/policy\/v1\nteam\n7\nsha256:[0-9a-f]{64}\n\n\u2014 security\.example\/policies /,
    );
    writeFileSync(at("team.pub"), `${publicKey}\n`);
    const ends = await Promise.all(
      [publicKey, "@team.pub"].map((key) => policy("verify", "policy.yaml", "--key", key)),
    );
    const stdout = "policy.yaml: team, version 7, is as security.example/policies signed it\n";
    for (const ended of ends) expect(ended).toEqual({ exitCode: 0, stdout, stderr: "" });
  });

  test("say it as JSON", async () => {
    const { policy, publicKey } = setUp();
    const signed = await policy("sign", "policy.yaml", "--key", "team.key", "--json");
    expect([signed.exitCode, signed.stderr]).toEqual([0, ""]);
    const document = JSON.parse(signed.stdout);
    expect(document).toEqual({
      ok: true,
      file: "policy.yaml",
      signature: "policy.yaml.sig",
      name: "team",
      version: 7,
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      signed_by: [{ name: "security.example/policies", public_key: publicKey }],
    });
    const verified = await policy("verify", "policy.yaml", "--key", publicKey, "--json");
    expect([verified.exitCode, verified.stderr]).toEqual([0, ""]);
    expect(JSON.parse(verified.stdout)).toEqual({ ...document, signed_by: "security.example/policies" });
  });

  test("refuse a file that was changed by a blank, and one whose signature was", async () => {
    const { policy, at, publicKey } = setUp();
    await policy("sign", "policy.yaml", "--key", "team.key");
    const note = readFileSync(at("policy.yaml.sig"), "utf8");
    writeFileSync(at("policy.yaml"), `${POLICY} `);
    const changed = await policy("verify", "policy.yaml", "--key", publicKey);
    expect(changed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(changed.stderr).toContain("is not the one that was signed");
    writeFileSync(at("policy.yaml"), POLICY);
    writeFileSync(at("policy.yaml.sig"), note.replace("\n7\n", "\n8\n"));
    const forged = await policy("verify", "policy.yaml", "--key", publicKey, "--json");
    expect(forged.exitCode).toBe(1);
    expect(JSON.parse(forged.stdout)).toMatchObject({ ok: false, faults: [{ code: "bad_signature" }] });
  });

  test("refuse a file without a signature, and the signature of another key", async () => {
    const { policy, at, publicKey } = setUp();
    const unsigned = await policy("verify", "policy.yaml", "--key", publicKey);
    expect([unsigned.exitCode, unsigned.stderr]).toEqual([
      1,
      "policy.yaml is not signed: there is no policy.yaml.sig.\n",
    ]);
    writeFileSync(at("other.key"), keysOf(NAME, 2).signerKey);
    await policy("sign", "policy.yaml", "--key", "other.key");
    const other = await policy("verify", "policy.yaml", "--key", publicKey, "--json");
    expect(other.exitCode).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({ ok: false, faults: [{ code: "unknown_key" }] });
  });

  test("sign with two keys, so that each verifies it", async () => {
    const { policy, at, publicKey } = setUp();
    const next = keysOf("security.example/next", 2);
    writeFileSync(at("next.key"), next.signerKey);
    const signed = await policy("sign", "policy.yaml", "--key", "team.key", "--key", "next.key");
    expect(signed.stdout).toContain("signed by security.example/policies and security.example/next");
    const ends = await Promise.all(
      [publicKey, next.verifierKey].map((key) => policy("verify", "policy.yaml", "--key", key)),
    );
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  });

  test("sign again in the place of the old signature, and leave nothing else behind", async () => {
    const { policy, at, cwd, publicKey } = setUp();
    writeFileSync(at("policy.yaml.sig"), "an old one");
    writeFileSync(at("policy.yaml"), POLICY.replace("version: 7", "version: 8"));
    expect((await policy("sign", "policy.yaml", "--key", "team.key")).exitCode).toBe(0);
    expect((await policy("verify", "policy.yaml", "--key", publicKey)).stdout).toContain("version 8");
    expect(
      readdirSync(cwd)
        .filter((name) => !name.startsWith("."))
        .toSorted(),
    ).toEqual(["policy.yaml", "policy.yaml.sig", "team.key"]);
  });

  test.each([
    ["an unknown key", POLICY.replace("default:", "defaults:"), /defaults/],
    [
      "a test that fails",
      POLICY.replace("expect: { route: [local] }", "expect: { route: [cloud] }"),
      /project stays here/,
    ],
    ["nothing", "", /policy\.yaml/],
  ])("does not sign a policy with %s, and says where that stands", async (_, text, words) => {
    const { policy, at } = setUp();
    writeFileSync(at("policy.yaml"), text);
    const ended = await policy("sign", "policy.yaml", "--key", "team.key");
    expect([ended.exitCode, ended.stdout, existsSync(at("policy.yaml.sig"))]).toEqual([1, "", false]);
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).toMatch(/policy\.yaml:\d+:\d+: error: /);
  });

  test("keep the old signature where the policy is not sound any more", async () => {
    const { policy, at } = setUp();
    writeFileSync(at("policy.yaml.sig"), "an old one");
    writeFileSync(at("policy.yaml"), "name: [");
    expect((await policy("sign", "policy.yaml", "--key", "team.key")).exitCode).toBe(1);
    expect(readFileSync(at("policy.yaml.sig"), "utf8")).toBe("an old one");
  });

  test("show no private key, whatever is wrong with it", async () => {
    const { policy, at, publicKey } = setUp();
    const key = readFileSync(at("team.key"), "utf8").trim();
    const secret = key.slice(-20, -4);
    writeFileSync(at("broken.key"), key.slice(0, -4));
    const ends = await Promise.all([
      policy("sign", "policy.yaml", "--key", "broken.key"),
      policy("sign", "policy.yaml", "--key", "policy.yaml"),
      policy("verify", "policy.yaml", "--key", key),
      policy("verify", "policy.yaml", "--key", "@team.key", "--json"),
      policy("sign", "policy.yaml", "--key", publicKey),
    ]);
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([1, 1, 2, 2, 1]);
    for (const { stdout, stderr } of ends) expect(stdout + stderr).not.toContain(secret);
    for (const { stdout, stderr } of ends) expect(stdout + stderr).not.toContain("canary");
  });

  test("are wrong usage without a file or a key, and with more than they take", async () => {
    const { policy } = setUp();
    const ends = await Promise.all([
      policy("sign", "policy.yaml"),
      policy("verify", "policy.yaml", "--key", "x", "more"),
      policy("verify", "policy.yaml", "--key", "no key"),
    ]);
    for (const { exitCode, stdout, stderr } of ends) {
      expect([exitCode, stdout, stderr === ""]).toEqual([2, "", false]);
    }
  });

  test("say where the signature cannot be written", async () => {
    const { policy, cwd } = setUp();
    // As long as a file system takes, so that there is no room for what is written beside it.
    const name = `${"p".repeat(220)}.yaml`;
    renameSync(join(cwd, "policy.yaml"), join(cwd, name));
    const ended = await policy("sign", name, "--key", "team.key");
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain("cannot be written");
  });
});
