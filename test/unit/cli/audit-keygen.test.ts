import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestKey } from "../../../src/audit/digest.ts";
import { KEYGEN, keygen } from "../../../src/cli/audit/keygen.ts";
import { parseArguments } from "../../../src/cli/command/arguments.ts";
import { parseSignerKey } from "../../../src/core/signed-note.ts";

const folder = mkdtempSync(join(tmpdir(), "policy-mesh-keygen-"));
afterAll(() => rmSync(folder, { recursive: true }));
const pathOf = (name: string) => join(folder, name);

async function run(...argv: readonly string[]) {
  const given = parseArguments(KEYGEN, argv);
  if (!given.ok) throw new Error(given.error);
  return await keygen(given.value);
}

describe("audit keygen", () => {
  test("writes a key that signs, for its owner alone, and prints the one that verifies", async () => {
    const file = pathOf("signer.key");
    const { exitCode, stdout, stderr } = await run("--name", "log.example/one", "--out", file);
    expect(exitCode).toBe(0);
    const text = readFileSync(file, "utf8");
    const signer = parseSignerKey(text.trim());
    expect(signer).toMatchObject({ ok: true, value: { keyName: "log.example/one" } });
    expect(stdout).toBe(signer.ok ? `${signer.value.verifierKey}\n` : "");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(stdout + stderr).not.toContain(text.trim());
  });

  test("names a log that nobody named, never twice the same", async () => {
    const names = await Promise.all(
      ["a", "b"].map(async (name) => JSON.parse((await run("--out", pathOf(name), "--json")).stdout).name),
    );
    for (const name of names) expect(name).toMatch(/^policy-mesh\/[0-9a-f]{16}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  test("makes keys for digests, and says how digests name them", async () => {
    const file = pathOf("digest.key");
    const { exitCode, stdout, stderr } = await run("--digest", "--out", file);
    const text = readFileSync(file, "utf8");
    const secret = Buffer.from(text, "base64");
    expect([exitCode, secret.length]).toEqual([0, 32]);
    expect(stdout).toBe(`${digestKey(secret).id}\n`);
    expect(stdout + stderr).not.toContain(text.trim());
    const asJson = await run("--digest", "--out", pathOf("other.key"), "--json");
    expect(JSON.parse(asJson.stdout)).toEqual({ ok: true, file: pathOf("other.key"), key_id: expect.any(String) });
  });

  test.each([{ kind: ["--name", "log.example/one"] }, { kind: ["--digest"] }])(
    "leaves a file that is there as it is ($kind)",
    async ({ kind }) => {
      const file = pathOf("there");
      writeFileSync(file, "precious");
      const { exitCode, stderr } = await run(...kind, "--out", file);
      expect([exitCode, stderr]).toEqual([1, `${file} is there already, and is not overwritten.\n`]);
      expect(readFileSync(file, "utf8")).toBe("precious");
      expect((await run(...kind, "--out", pathOf("no/such/folder"))).exitCode).toBe(1);
    },
  );

  test("refuses names that no note can carry, and names for keys that have none", async () => {
    for (const argv of [
      ["--name", "two words"],
      ["--name", "one+two"],
      ["--digest", "--name", "x"],
    ]) {
      const { exitCode, stdout } = await run(...argv, "--out", pathOf("unmade"));
      expect([exitCode, stdout]).toEqual([2, ""]);
    }
    expect(() => statSync(pathOf("unmade"))).toThrow();
  });
});
