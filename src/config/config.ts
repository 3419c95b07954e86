import { isLoopbackHost } from "../core/hosts.ts";
import { err, ok, type Result } from "../core/result.ts";
import {
  choiceSetting,
  flagSetting,
  hostSetting,
  httpUrlSetting,
  integerSetting,
  keyListSetting,
  listSetting,
  localModelSetting,
  localServerSetting,
  modelSetting,
  optionalHeaderNameSetting,
  optionalHeaderSetting,
  optionalIntegerSetting,
  optionalKeySetting,
  optionalPostgresUrlSetting,
  optionalSignerKeySetting,
  optionalTextSetting,
  optionalVerifierKeySetting,
  originListSetting,
  type Setting,
  textSetting,
  verifierKeyListSetting,
} from "./settings.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export const AUDIT_MODES = ["durable", "strict"] as const;
export const OPENAI_DEFAULT_BASE_URL = "https://api.openai.com/v1";

/** Every setting there is, in the order of `.env.example` and `docs/reference/configuration.md`. */
export const SETTINGS = {
  host: hostSetting({
    name: "HOST",
    defaultValue: "127.0.0.1",
    shape: "an IP address or host name",
    description: "Address to listen on. Other than loopback only together with ALLOW_ANONYMOUS=true.",
  }),
  port: integerSetting({
    name: "PORT",
    defaultValue: "8000",
    shape: "a whole number from 0 to 65535",
    description: "TCP port to listen on; 0 takes a free one.",
    min: 0,
    max: 65_535,
  }),
  allowAnonymous: flagSetting({
    name: "ALLOW_ANONYMOUS",
    defaultValue: "false",
    shape: "true or false",
    description:
      "Says that something in front of the gateway decides who may call it: it may listen beyond loopback, and be called by any host name.",
  }),
  dataDir: textSetting({
    name: "DATA_DIR",
    defaultValue: "./data",
    shape: "a directory",
    description:
      "Holds the audit's spool, the embedded Postgres, generated keys and the last checkpoint. Made when missing, readable by you only; each gateway needs one of its own, on a disk that outlives it.",
  }),
  databaseUrl: optionalPostgresUrlSetting({
    name: "DATABASE_URL",
    shape: "postgres://USER:PASSWORD@HOST:5432/DATABASE",
    description: "A PostgreSQL server, 15 or newer. Unset, the gateway runs an embedded one in DATA_DIR.",
    secret: true,
  }),
  auditDigestKey: optionalKeySetting({
    name: "AUDIT_DIGEST_KEY",
    shape: "32 bytes in base64",
    description:
      "Key of the prompt digests in audit rows. Unset, one is generated into DATA_DIR; replicas must share one.",
    secret: true,
    bytes: 32,
  }),
  auditDigestOldKeys: keyListSetting({
    name: "AUDIT_DIGEST_OLD_KEYS",
    defaultValue: "",
    shape: "keys as in AUDIT_DIGEST_KEY, separated by commas",
    description:
      "Digest keys of the time before AUDIT_DIGEST_KEY, to ask about older rows. A key that is left out of it and deleted makes its digests meaningless.",
    secret: true,
    bytes: 32,
    maxItems: 100,
  }),
  auditMode: choiceSetting({
    name: "AUDIT_MODE",
    defaultValue: "durable",
    shape: AUDIT_MODES.join(" or "),
    description:
      "durable: a request needs its record on the disk of DATA_DIR, and rows reach the database afterwards, also after an outage. strict: the end of an answer also waits for its row in the database, and while that is away nothing is asked of a provider.",
    choices: AUDIT_MODES,
  }),
  auditSpoolMaxBytes: integerSetting({
    name: "AUDIT_SPOOL_MAX_BYTES",
    defaultValue: "1073741824",
    shape: "a whole number of bytes",
    description:
      "Most that the spool holds of records which the database does not have yet, about 2,500 bytes for a request; beyond it requests are answered 503.",
    min: 16_777_216,
    max: 1_099_511_627_776,
  }),
  auditRetentionDays: optionalIntegerSetting({
    name: "AUDIT_RETENTION_DAYS",
    shape: "a whole number of days",
    description: "Audit rows older than this are dropped, a day at a time; receipts stay valid. Unset, they are kept.",
    min: 1,
    max: 36_500,
  }),
  auditLogKey: optionalSignerKeySetting({
    name: "AUDIT_LOG_KEY",
    shape: "PRIVATE+KEY+NAME+ID+KEY, as `policy-mesh audit keygen` makes it",
    description:
      "Signs the checkpoints of the audit log, which is known by the key's name. Unset, AUDIT_LOG_KEY_FILE counts, else a key is generated into DATA_DIR; replicas must share one.",
    secret: true,
  }),
  auditLogKeyFile: optionalTextSetting({
    name: "AUDIT_LOG_KEY_FILE",
    shape: "a file",
    description: "Holds what AUDIT_LOG_KEY would say, for keys that come as mounted secrets.",
  }),
  auditLogOldKeys: verifierKeyListSetting({
    name: "AUDIT_LOG_OLD_KEYS",
    defaultValue: "",
    shape: "verifier keys (NAME+ID+KEY), separated by commas",
    description: "Keys that signed checkpoints of the same log before the one in use, after a rotation.",
    maxItems: 100,
  }),
  auditCheckpointFile: optionalTextSetting({
    name: "AUDIT_CHECKPOINT_FILE",
    shape: "a file",
    description:
      "Where the last signed checkpoint is kept outside the database, to notice a database that was set back. Unset, DATA_DIR/log/checkpoint; better on other storage than the database's.",
  }),
  policyFile: optionalTextSetting({
    name: "POLICY_FILE",
    shape: "a file in YAML or JSON",
    description:
      "The policy. Unset, the built-in one follows the settings from OLLAMA_BASE_URL to DEFAULT_PROVIDER; with a file, those count only where it names them.",
  }),
  policyPublicKey: optionalVerifierKeySetting({
    name: "POLICY_PUBLIC_KEY",
    shape: "NAME+HASH+KEY, as `policy-mesh policy keygen` prints it",
    description: "Only a policy file that is signed by this key (POLICY_FILE with .sig behind it) is put in force.",
  }),
  policyAllowDowngrade: flagSetting({
    name: "POLICY_ALLOW_DOWNGRADE",
    defaultValue: "false",
    shape: "true or false",
    description: "Lets a policy with a lower version than the one before it be put in force, to roll back.",
  }),
  trustedLabelsHeader: optionalHeaderNameSetting({
    name: "TRUSTED_LABELS_HEADER",
    shape: "the name of an HTTP header",
    description:
      "A header in which a proxy in front names the caller's labels for the policy, as team=research, key=ci. Whoever can send it is believed, so the proxy must take it off what clients send.",
  }),
  ollamaBaseUrl: localServerSetting({
    name: "OLLAMA_BASE_URL",
    defaultValue: "http://127.0.0.1:11434",
    shape: "an http(s) URL",
    description: "The Ollama server that answers for the local zone.",
  }),
  ollamaModel: localModelSetting({
    name: "OLLAMA_MODEL",
    defaultValue: "gemma3:1b",
    shape: "a model name",
    description: "Model of the local provider unless the client wishes for another one that it has.",
  }),
  ollamaEmbeddingModel: localModelSetting({
    name: "OLLAMA_EMBEDDING_MODEL",
    defaultValue: "nomic-embed-text",
    shape: "a model name",
    description: "Model of the local provider for embeddings whose client leaves the choice to policy.",
  }),
  openaiApiKey: optionalHeaderSetting({
    name: "OPENAI_API_KEY",
    shape: "a key of the provider",
    description: "Key for the cloud provider. A server at another OPENAI_BASE_URL may need none.",
    secret: true,
  }),
  openaiBaseUrl: httpUrlSetting({
    name: "OPENAI_BASE_URL",
    defaultValue: OPENAI_DEFAULT_BASE_URL,
    shape: "an http(s) URL, with /v1 where the server wants it",
    description: "The cloud provider: OpenAI, or any server that speaks its protocol.",
  }),
  openaiModel: modelSetting({
    name: "OPENAI_MODEL",
    defaultValue: "gpt-5.4-mini",
    shape: "a model name",
    description: "Model of the cloud provider unless the client wishes for another one that it has.",
  }),
  providerTimeoutSeconds: integerSetting({
    name: "PROVIDER_TIMEOUT_SECONDS",
    defaultValue: "60",
    shape: "a whole number from 1 to 3600",
    description:
      "How long a provider may take for a whole answer. In a stream, for its first token and for each silence, where the settings for those say nothing.",
    min: 1,
    max: 3_600,
  }),
  providerConnectTimeoutMs: integerSetting({
    name: "PROVIDER_CONNECT_TIMEOUT_MS",
    defaultValue: "5000",
    shape: "a whole number of milliseconds from 10 to 60000",
    description: "How long a connection to a provider may take; who cannot be reached by then is unreachable.",
    min: 10,
    max: 60_000,
  }),
  providerFirstTokenTimeoutMs: optionalIntegerSetting({
    name: "PROVIDER_FIRST_TOKEN_TIMEOUT_MS",
    shape: "a whole number of milliseconds from 10 to 3600000",
    description: "How long a streamed answer may take to begin. Unset, PROVIDER_TIMEOUT_SECONDS.",
    min: 10,
    max: 3_600_000,
  }),
  providerIdleTimeoutMs: optionalIntegerSetting({
    name: "PROVIDER_IDLE_TIMEOUT_MS",
    shape: "a whole number of milliseconds from 10 to 3600000",
    description: "How long a stream that has begun may be silent. Unset, PROVIDER_TIMEOUT_SECONDS.",
    min: 10,
    max: 3_600_000,
  }),
  providerDeadlineSeconds: optionalIntegerSetting({
    name: "PROVIDER_DEADLINE_SECONDS",
    shape: "a whole number from 1 to 7200",
    description:
      "How long a request may take over all its attempts, until its answer is complete or, streamed, begins. Unset, twice PROVIDER_TIMEOUT_SECONDS. It does not cut short a longer limit that the policy gives.",
    min: 1,
    max: 7_200,
  }),
  providerRetries: integerSetting({
    name: "PROVIDER_RETRIES",
    defaultValue: "2",
    shape: "0, 1 or 2",
    description: "How often a provider is asked again after a failure that may pass, before the next one is.",
    min: 0,
    max: 2,
  }),
  maxConcurrentRequests: integerSetting({
    name: "MAX_CONCURRENT_REQUESTS",
    defaultValue: "256",
    shape: "a whole number from 1 to 10000",
    description:
      "Requests to models that are under way at once; others wait in a short line. One caller alone has three quarters of them.",
    min: 1,
    max: 10_000,
  }),
  maxQueuedRequests: integerSetting({
    name: "MAX_QUEUED_REQUESTS",
    defaultValue: "256",
    shape: "a whole number from 0 to 10000",
    description:
      "How many may wait, in turn by caller and for some seconds; beyond it the answer is 503 with Retry-After.",
    min: 0,
    max: 10_000,
  }),
  sensitivityKeywords: listSetting({
    name: "SENSITIVITY_KEYWORDS",
    defaultValue: "",
    shape: "words or phrases, separated by commas",
    description:
      "A request with any of these anywhere stays local, also where it is disguised: case, look-alike letters, encodings.",
    maxItems: 1_000,
  }),
  detectSensitiveData: flagSetting({
    name: "DETECT_SENSITIVE_DATA",
    defaultValue: "true",
    shape: "true or false",
    description:
      "Requests with personal data (such as e-mail addresses, card numbers, IBANs) or secrets (such as API keys, private keys, passwords) stay local unless this is false. Keywords count either way.",
  }),
  allowOpaqueContentToCloud: flagSetting({
    name: "ALLOW_OPAQUE_CONTENT_TO_CLOUD",
    defaultValue: "false",
    shape: "true or false",
    description:
      "Images, audio, files and token numbers cannot be scanned, so requests with them stay local unless this is true.",
  }),
  costMaxPromptLengthForLocal: integerSetting({
    name: "COST_MAX_PROMPT_LENGTH_FOR_LOCAL",
    defaultValue: "1000",
    shape: "a whole number of characters",
    description: "Prompts up to this many characters (Unicode code points, all messages) are answered locally.",
    min: 0,
    max: 1_000_000_000,
  }),
  defaultProvider: choiceSetting({
    name: "DEFAULT_PROVIDER",
    defaultValue: "openai",
    shape: "openai or local",
    description: "Who answers what no rule decided.",
    choices: ["local", "openai"],
  }),
  corsAllowedOrigins: originListSetting({
    name: "CORS_ALLOWED_ORIGINS",
    defaultValue: "",
    shape: "origins such as http://localhost:3000, separated by commas, or *",
    description: "Web pages of these origins may call the gateway from a browser. None by default.",
    maxItems: 100,
  }),
  logLevel: choiceSetting({
    name: "LOG_LEVEL",
    defaultValue: "info",
    shape: LOG_LEVELS.join(", "),
    description: "Least level of the JSON log lines on standard output.",
    choices: LOG_LEVELS,
  }),
  maxBodyBytes: integerSetting({
    name: "MAX_BODY_BYTES",
    defaultValue: "10485760",
    shape: "a whole number of bytes",
    description: "Largest request body; above it the answer is 413.",
    min: 1_024,
    max: 1_073_741_824,
  }),
} as const satisfies Record<string, Setting<unknown>>;

type Values = { readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never };
export type Config = Values;

export type ConfigFault = { readonly variable: string; readonly shape: string; readonly remedy: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every setting and reports every fault at once; no fault repeats a value. */
export function readConfig(env: Environment): Result<Config, readonly ConfigFault[]> {
  const faults: ConfigFault[] = [];
  const read = (setting: Setting<unknown>): unknown => {
    const given = env[setting.name]?.trim();
    const parsed = setting.parse(given === undefined || given === "" ? setting.defaultValue : given);
    if (parsed.ok) return parsed.value;
    faults.push({ variable: setting.name, shape: setting.shape, remedy: parsed.error });
    return undefined;
  };
  // The types of the entries are those of SETTINGS by construction; Object.fromEntries cannot say so.
  const config = Object.fromEntries(Object.entries(SETTINGS).map(([key, setting]) => [key, read(setting)])) as Values;
  faults.push(...crossFaults(config));
  return faults.length === 0 ? ok(config) : err(faults);
}

/** What settings mean together. A value that has a fault of its own is undefined here and says nothing. */
function crossFaults(config: Partial<Config>): ConfigFault[] {
  return [...exposureFaults(config), ...signatureFaults(config), ...keyFaults(config)];
}

function keyFaults({ auditLogKey, auditLogKeyFile }: Partial<Config>): ConfigFault[] {
  if (typeof auditLogKey !== "string" || typeof auditLogKeyFile !== "string") return [];
  const { name, shape } = SETTINGS.auditLogKeyFile;
  return [{ variable: name, shape, remedy: "AUDIT_LOG_KEY says it already; remove one of the two" }];
}

function exposureFaults({ host, allowAnonymous }: Partial<Config>): ConfigFault[] {
  if (host === undefined || allowAnonymous !== false || isLoopbackHost(host)) return [];
  const remedy =
    "the gateway has no authentication of its own yet, so it listens on loopback only; use 127.0.0.1, or set " +
    "ALLOW_ANONYMOUS=true if something in front of it decides who may call";
  return [{ variable: SETTINGS.host.name, shape: SETTINGS.host.shape, remedy }];
}

/** The built-in policy is signed by nobody, and would be in force where the name of the signed one was lost. */
function signatureFaults({ policyFile, policyPublicKey }: Partial<Config>): ConfigFault[] {
  if (policyFile !== null || typeof policyPublicKey !== "string") return [];
  const remedy = "POLICY_PUBLIC_KEY asks for a file that is signed; name it, or remove POLICY_PUBLIC_KEY";
  return [{ variable: SETTINGS.policyFile.name, shape: SETTINGS.policyFile.shape, remedy }];
}

/** One message for all faults, as a person at a terminal reads it. */
export function describeFaults(faults: readonly ConfigFault[]): string {
  const lines = faults.map((fault) => `  ${fault.variable} (${fault.shape}): ${fault.remedy}.`);
  return [`Policy Mesh cannot start: ${faults.length} setting(s) are wrong.`, ...lines].join("\n");
}
