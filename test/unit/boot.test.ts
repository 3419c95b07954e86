import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boot } from "../../src/boot.ts";
import { readConfig } from "../../src/config/config.ts";

const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-boot-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("more keywords than the scanner can hold stop the start, before anything is made, and are not repeated", async () => {
  const config = readConfig({ DATA_DIR: join(scratch, "data"), PORT: "0", LOG_LEVEL: "silent" });
  if (!config.ok) throw new Error("the settings are valid");
  const sensitivityKeywords = Array.from({ length: 1_000 }, (_, index) => `falcon ${index} `.repeat(200));
  const booted = await boot({ ...config.value, sensitivityKeywords });
  if (booted.ok) await booted.value.close();
  const message = booted.ok ? "it started" : booted.error.message;
  expect(message).toStartWith("The scanner cannot be made of SENSITIVITY_KEYWORDS. ");
  expect(message).not.toContain("falcon");
  expect(existsSync(join(scratch, "data"))).toBe(false);
});
