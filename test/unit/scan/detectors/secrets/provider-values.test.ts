import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { SECRET_RULES } from "../../../../../src/scan/detectors/secrets/all.ts";
import { secretRule } from "../../../../../src/scan/secret-rule.ts";

const DETECTORS = SECRET_RULES.map((rule) => ({ detector: secretRule(rule), context: rule.context ?? [] }));

/** Digits that look random and are the same in each run. */
function digits(length: number, encoding: "hex" | "base64" = "hex"): string {
  const text = ["a", "b", "c"].map((seed) => createHash("sha512").update(seed).digest(encoding)).join("");
  return text.replace(/[+/=]/g, "k").slice(0, length);
}

function codesIn(text: string): string[] {
  const lower = text.toLowerCase();
  return DETECTORS.flatMap(({ detector, context }) => {
    const near = () => context.some((word) => lower.split(/[^a-z]+/).includes(word));
    const ats = detector.literals.flatMap((literal) => [...lower.matchAll(new RegExp(RegExp.escape(literal), "g"))]);
    return ats.flatMap(({ index }) => detector.look(text, index, near)?.code ?? []);
  });
}

const DATADOG = "secret.datadog_key";

describe("a value that only its name tells", () => {
  test.each([
    ["an environment variable", (value: string) => `export DATADOG_API_KEY=${value}\n`],
    ["a short name that says it all", (value: string) => `DD_API_KEY="${value}"`],
    ["JSON", (value: string) => `{"datadog_api_key": "${value}"}`],
    ["JSON in a string", (value: string) => `{\\"datadogApiKey\\":\\"${value}\\"}`],
    ["YAML", (value: string) => `datadog-api-key: '${value}'`],
    ["Go", (value: string) => `myDatadogToken := "${value}"`],
    ["Ruby", (value: string) => `:datadog_key => '${value}'`],
    ["XML", (value: string) => `<datadogApiKey>${value}</datadogApiKey>`],
    ["a call", (value: string) => `setenv("DATADOG_API_KEY", "${value}")`],
    ["a lookup", (value: string) => `os.environ["DATADOG_API_KEY"] = "${value}"`],
    ["a sentence", (value: string) => `My Datadog API key is ${value}.`],
    ["an index of PHP", (value: string) => `$datadog['api_key'] = '${value}';`],
    ["columns", (value: string) => `datadog_api_key =           ${value}`],
    ["YAML with a tag", (value: string) => `datadog_api_key: !!str ${value}`],
    ["a field of a sheet", (value: string) => `datadog_api_key\u0002\u0000${value}\u0000`],
  ])("is found in %s", (_, write) => {
    expect(codesIn(write(digits(32)))).toContain(DATADOG);
  });

  test.each([
    ["no name", (value: string) => `key = ${value}`],
    ["a name inside a word", (value: string) => `CameraKit: ${digits(40)}; ${value}`],
    ["a name without a word for a secret", (value: string) => `datadog_checksum = "${value}"`],
    ["another text between them", (value: string) => `datadog_api_key\u0000${value}`],
    ["digits that count up", () => `datadog_api_key = ${"0123456789abcdef".repeat(2)}`],
    ["one more digit", (value: string) => `DATADOG_API_KEY=${value}${value}0`],
    ["a line break between them", (value: string) => `datadog_api_key\n=${value}`],
  ])("is not found with %s", (_, write) => {
    expect(codesIn(write(digits(32)))).toEqual([]);
  });
});

describe("identifiers of programs", () => {
  test.each([
    `hf_${"requestedCharacteristicTypesForMeta"}`,
    `s.${"makeKubeConfigController"}`,
    `const v = hvs.${"someVeryLongPropertyNameOfAnObject"}`,
    `gsk_${"a".repeat(52)}`,
    `API-${"VIRHEKAPSELOINTIMERKKIJONO"}`,
    `sha256~${"XXXXXXXXXX_PUT_YOUR_TOKEN_HERE_XXXXXXXXXXXX"}`,
    `secret_access_key: ${"SandboxesSandboxAwsMountStaticAuthConfig"}`,
    `"type": "service_accounts"`,
    `npm_${digits(37, "base64")}`,
    `cio${digits(32)}`,
    `image: repo@sha256:${digits(64)}`,
  ])("are no secrets: %s", (text) => {
    expect(codesIn(`vault token ${text}`)).toEqual([]);
  });
});

describe("a Google API key", () => {
  const key = `AIza${"Sy"}${digits(33, "base64")}`;

  test("is found beside a word that says what it is", () => {
    expect(codesIn(`GEMINI_API_KEY=${key}`)).toContain("secret.gcp_api_key");
  });

  test("is not found alone, as it stands in public examples", () => {
    expect(codesIn(key)).toEqual([]);
  });
});

describe("the credentials of a Google service account", () => {
  test.each([
    '{"type": "service_account", "project_id": "x"}',
    '{\\"type\\":\\"service_account\\"}',
    "type\u0002\u0000service_account\u0000",
  ])("are found by their mark: %j", (text) => {
    expect(codesIn(text)).toEqual(["secret.gcp_service_account"]);
  });
});
