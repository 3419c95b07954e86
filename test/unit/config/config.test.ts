import { describe, expect, test } from "bun:test";
import { describeFaults, readConfig, SETTINGS } from "../../../src/config/config.ts";
import { keysOfSeed } from "../../../src/core/signed-note.ts";

const PUBLIC_KEY = "policy-team+d19226c2+AdeNG4kq9ClohU1jEtvXewY/468DXBSv9KMJ357x+sr8";

const faultsOf = (env: Record<string, string>) => {
  const config = readConfig(env);
  return config.ok ? [] : config.error;
};
const variablesOf = (env: Record<string, string>) => faultsOf(env).map((fault) => fault.variable);

describe("readConfig", () => {
  test("needs nothing to be set", () => {
    const config = readConfig({});
    if (!config.ok) throw new Error("the defaults are refused");
    expect(config.value).toEqual({
      host: "127.0.0.1",
      port: 8_000,
      allowAnonymous: false,
      dataDir: "./data",
      databaseUrl: null,
      auditDigestKey: null,
      auditDigestOldKeys: [],
      auditMode: "durable",
      auditSpoolMaxBytes: 1_073_741_824,
      auditRetentionDays: null,
      auditLogKey: null,
      auditLogKeyFile: null,
      auditLogOldKeys: [],
      auditCheckpointFile: null,
      policyFile: null,
      policyPublicKey: null,
      policyAllowDowngrade: false,
      trustedLabelsHeader: null,
      ollamaBaseUrl: "http://127.0.0.1:11434",
      ollamaModel: "gemma3:1b",
      ollamaEmbeddingModel: "nomic-embed-text",
      openaiApiKey: null,
      openaiBaseUrl: "https://api.openai.com/v1",
      openaiModel: "gpt-5.4-mini",
      providerTimeoutSeconds: 60,
      providerConnectTimeoutMs: 5_000,
      providerFirstTokenTimeoutMs: null,
      providerIdleTimeoutMs: null,
      providerDeadlineSeconds: null,
      providerRetries: 2,
      maxConcurrentRequests: 256,
      maxQueuedRequests: 256,
      sensitivityKeywords: [],
      detectSensitiveData: true,
      allowOpaqueContentToCloud: false,
      costMaxPromptLengthForLocal: 1_000,
      defaultProvider: "openai",
      corsAllowedOrigins: [],
      logLevel: "info",
      maxBodyBytes: 10_485_760,
    });
  });

  test("reports what settings mean together beside what is wrong with others", () => {
    expect(variablesOf({ HOST: "0.0.0.0", PORT: "abc" })).toEqual(["PORT", "HOST"]);
  });

  test("takes an empty variable as unset, and trims", () => {
    const config = readConfig({ PORT: "", HOST: "  ", OPENAI_API_KEY: " sk-x ", SENSITIVITY_KEYWORDS: " a , ,b," });
    expect(config.ok && config.value).toMatchObject({
      port: 8_000,
      host: "127.0.0.1",
      openaiApiKey: "sk-x",
      sensitivityKeywords: ["a", "b"],
    });
  });

  test("reports every fault at once", () => {
    const variables = variablesOf({
      PORT: "80a",
      DEFAULT_PROVIDER: "anthropic",
      OLLAMA_BASE_URL: "localhost:11434",
      PROVIDER_TIMEOUT_SECONDS: "0",
      ALLOW_ANONYMOUS: "yes",
      LOG_LEVEL: "loud",
      MAX_BODY_BYTES: "1",
      COST_MAX_PROMPT_LENGTH_FOR_LOCAL: "-1",
      DATABASE_URL: "mysql://x",
      AUDIT_DIGEST_KEY: "short",
      OLLAMA_MODEL: "big:cloud",
      OLLAMA_EMBEDDING_MODEL: "embed:cloud",
      ALLOW_OPAQUE_CONTENT_TO_CLOUD: "1",
      DETECT_SENSITIVE_DATA: "off",
      CORS_ALLOWED_ORIGINS: "localhost",
    });
    expect(variables.toSorted()).toEqual(
      [
        "ALLOW_ANONYMOUS",
        "ALLOW_OPAQUE_CONTENT_TO_CLOUD",
        "AUDIT_DIGEST_KEY",
        "CORS_ALLOWED_ORIGINS",
        "COST_MAX_PROMPT_LENGTH_FOR_LOCAL",
        "DATABASE_URL",
        "DEFAULT_PROVIDER",
        "DETECT_SENSITIVE_DATA",
        "LOG_LEVEL",
        "MAX_BODY_BYTES",
        "OLLAMA_BASE_URL",
        "OLLAMA_EMBEDDING_MODEL",
        "OLLAMA_MODEL",
        "PORT",
        "PROVIDER_TIMEOUT_SECONDS",
      ].toSorted(),
    );
  });

  test.each(Object.values(SETTINGS).map((setting) => setting.name))("never repeats the value of %s", (name) => {
    const secret = "hunter2\u0000/?#[@:cloud";
    const text = describeFaults(faultsOf({ [name]: secret, ALLOW_ANONYMOUS: "maybe" }));
    expect(text).not.toContain("hunter2");
    expect(text).toContain("ALLOW_ANONYMOUS");
  });

  test("names variable, shape and remedy in one message", () => {
    expect(describeFaults(faultsOf({ PORT: "99999" }))).toBe(
      "Policy Mesh cannot start: 1 setting(s) are wrong.\n" +
        "  PORT (a whole number from 0 to 65535): set it to a whole number from 0 to 65535, or remove it.",
    );
  });

  test.each(["0.0.0.0", "::", "192.168.1.5", "gateway.example", "127.0.0.1.example"])(
    "refuses to listen on %s without a word about who protects it",
    (host) => {
      expect(variablesOf({ HOST: host })).toEqual(["HOST"]);
      expect(variablesOf({ HOST: host, ALLOW_ANONYMOUS: "true" })).toEqual([]);
    },
  );

  test("asks for the policy file where one that is signed is asked for", () => {
    expect(variablesOf({ POLICY_PUBLIC_KEY: PUBLIC_KEY })).toEqual(["POLICY_FILE"]);
    expect(variablesOf({ POLICY_PUBLIC_KEY: PUBLIC_KEY, POLICY_FILE: " " })).toEqual(["POLICY_FILE"]);
    expect(variablesOf({ POLICY_PUBLIC_KEY: PUBLIC_KEY, POLICY_FILE: "policy.yaml" })).toEqual([]);
  });

  test.each(["127.0.0.1", "127.1.2.3", "localhost", "::1"])("listens on %s", (host) => {
    expect(variablesOf({ HOST: host })).toEqual([]);
  });

  test.each(["http://user:pass@host", "http://host/?key=1", "ftp://host", "/v1"])("refuses the base URL %s", (url) => {
    expect(variablesOf({ OPENAI_BASE_URL: url })).toEqual(["OPENAI_BASE_URL"]);
  });

  test.each([
    ["HOST", "127.0.0.999"],
    ["HOST", "a b"],
    ["OPENAI_API_KEY", "sk-ключ"],
    ["OPENAI_API_KEY", "sk-a\nb"],
    ["OPENAI_MODEL", "a b"],
    ["OLLAMA_MODEL", "weird model!"],
    ["DATABASE_URL", "postgres://u:50%off@host/db"],
    ["OLLAMA_BASE_URL", "https://ollama.com"],
    ["OLLAMA_BASE_URL", "https://eu.OLLAMA.com/x"],
    ["OLLAMA_BASE_URL", "https://api.openai.com/v1"],
    ["OLLAMA_BASE_URL", "http://8.8.8.8:11434"],
    ["OLLAMA_BASE_URL", "http://[2001:db8::1]:11434"],
    ["OLLAMA_BASE_URL", "http://[fc::1]:11434"],
  ])("refuses %s=%j", (name, value) => {
    expect(variablesOf({ [name]: value })).toEqual([name]);
  });

  test.each([
    "http://ollama:11434",
    "http://10.1.2.3",
    "http://172.20.0.2:11434",
    "http://192.168.1.9",
    "http://100.64.0.1",
    "http://[::1]:11434",
    "http://[fd00::1]:11434",
    "http://0.0.0.0:11434",
    "http://[::]:11434",
    "https://gpu.example.net/ollama",
  ])("takes %s for the local server", (url) => {
    expect(variablesOf({ OLLAMA_BASE_URL: url })).toEqual([]);
  });

  test("drops the slash at the end of a base URL", () => {
    const config = readConfig({ OPENAI_BASE_URL: "http://host:8080/v1/" });
    expect(config.ok && config.value.openaiBaseUrl).toBe("http://host:8080/v1");
  });

  test.each(["gpt-oss:120b-cloud", "kimi:cloud", "x/y:CLOUD"])("refuses %s as a local model", (model) => {
    expect(variablesOf({ OLLAMA_MODEL: model })).toEqual(["OLLAMA_MODEL"]);
    expect(variablesOf({ OLLAMA_EMBEDDING_MODEL: model })).toEqual(["OLLAMA_EMBEDDING_MODEL"]);
  });

  test("takes what an operator allows at their word", () => {
    const config = readConfig({ ALLOW_OPAQUE_CONTENT_TO_CLOUD: "true", OLLAMA_EMBEDDING_MODEL: "bge-m3:latest" });
    expect(config.ok && config.value).toMatchObject({
      allowOpaqueContentToCloud: true,
      ollamaEmbeddingModel: "bge-m3:latest",
    });
  });

  test.each([
    ["http://localhost:3000", ["http://localhost:3000"]],
    [" https://a.example , http://127.0.0.1:8080 ,", ["https://a.example", "http://127.0.0.1:8080"]],
    ["http://[::1]:3000", ["http://[::1]:3000"]],
    ["chrome-extension://abcdefghijklmnop", ["chrome-extension://abcdefghijklmnop"]],
    ["app://obsidian.md", ["app://obsidian.md"]],
    ["*", ["*"]],
    ["", []],
  ])("takes %j for origins of web pages", (given, expected) => {
    const config = readConfig({ CORS_ALLOWED_ORIGINS: given });
    expect(config.ok && config.value.corsAllowedOrigins).toEqual(expected);
  });

  test.each([
    "http://localhost:3000/",
    "http://localhost:3000/app",
    "http://localhost:3000?x",
    "http://localhost:3000#x",
    "http://user@localhost:3000",
    "http://LOCALHOST:3000",
    "http://localhost:80",
    "https://a.example:443",
    "localhost:3000",
    "a.example",
    "null",
    "*,http://localhost:3000",
    "http://localhost:3000,*",
    "*,*",
    "*.example.org",
    "https://a.example https://b.example",
    "https://a.example,b.example",
    Array.from({ length: 101 }, (_, index) => `http://h${index}`).join(","),
  ])("does not take %j for origins of web pages, since no browser would send it so", (given) => {
    expect(variablesOf({ CORS_ALLOWED_ORIGINS: given })).toEqual(["CORS_ALLOWED_ORIGINS"]);
  });

  test("takes 32 bytes of base64 as the digest key and nothing else", () => {
    const key = Buffer.alloc(32, 5).toString("base64");
    const config = readConfig({ AUDIT_DIGEST_KEY: key });
    expect(config.ok && config.value.auditDigestKey).toEqual(new Uint8Array(32).fill(5));
    expect(variablesOf({ AUDIT_DIGEST_KEY: Buffer.alloc(31).toString("base64") })).toEqual(["AUDIT_DIGEST_KEY"]);
    expect(variablesOf({ AUDIT_DIGEST_KEY: "!".repeat(44) })).toEqual(["AUDIT_DIGEST_KEY"]);
  });

  test("takes older digest keys as a list, and none of it where one is none", () => {
    const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");
    const config = readConfig({ AUDIT_DIGEST_OLD_KEYS: `${key(1)}, ${key(2)}` });
    expect(config.ok && config.value.auditDigestOldKeys).toEqual([1, 2].map((byte) => new Uint8Array(32).fill(byte)));
    expect(variablesOf({ AUDIT_DIGEST_OLD_KEYS: `${key(1)},short` })).toEqual(["AUDIT_DIGEST_OLD_KEYS"]);
  });

  test("takes keys of the log in their own form only, and the key that signs from one place", () => {
    const keys = keysOfSeed("log.example.com", new Uint8Array(32).fill(3));
    if (!keys.ok) throw new Error(keys.error.message);
    const { signerKey, verifierKey } = keys.value;
    const config = readConfig({ AUDIT_LOG_KEY: signerKey, AUDIT_LOG_OLD_KEYS: verifierKey });
    expect(config.ok && [config.value.auditLogKey, config.value.auditLogOldKeys]).toEqual([signerKey, [verifierKey]]);
    expect(variablesOf({ AUDIT_LOG_KEY: verifierKey })).toEqual(["AUDIT_LOG_KEY"]);
    expect(variablesOf({ AUDIT_LOG_OLD_KEYS: signerKey })).toEqual(["AUDIT_LOG_OLD_KEYS"]);
    expect(variablesOf({ AUDIT_LOG_KEY: signerKey, AUDIT_LOG_KEY_FILE: "key" })).toEqual(["AUDIT_LOG_KEY_FILE"]);
  });

  test("takes days of retention or none", () => {
    const config = readConfig({ AUDIT_RETENTION_DAYS: "90" });
    expect(config.ok && config.value.auditRetentionDays).toBe(90);
    for (const days of ["0", "-1", "a week"]) {
      expect(variablesOf({ AUDIT_RETENTION_DAYS: days })).toEqual(["AUDIT_RETENTION_DAYS"]);
    }
  });
});
