import fc from "fast-check";
import { assumedProviders } from "../../src/cli/policy/assumed-providers.ts";
import { type ChatRequest, NO_SAMPLING, PLAIN_CHAT, SURFACES, type Task } from "../../src/core/chat.ts";
import type { Decision } from "../../src/core/decision.ts";
import type { Features } from "../../src/core/features.ts";
import { type Finding, OPAQUE_PART } from "../../src/core/finding.ts";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import type { ActivePolicy } from "../../src/gateway/active-policy.ts";
import { readWish, wishFacts } from "../../src/gateway/wish.ts";
import type { DecidedRow } from "../../src/policy/backtest/decided-row.ts";
import type { CompiledPolicy } from "../../src/policy/compiled.ts";
import { type PolicyDocument, type SignalBody, STRENGTH_NAMES } from "../../src/policy/document.ts";
import { extractFeatures } from "../../src/policy/features.ts";
import { arbitraryDocument } from "./arbitrary-policy.ts";
import { scanFor } from "./compiled-scan.ts";

/** All there is to know of one request and of the servers at that moment, whatever policy looks at it. */
export type World = {
  readonly request: ChatRequest;
  readonly labels: Readonly<Record<string, string>>;
  /** Keywords and patterns of policies that would be found in its text. */
  readonly words: readonly string[];
  /** What built-in detectors would find, and how sure they would be. */
  readonly detected: readonly { readonly code: string; readonly strength: (typeof STRENGTH_NAMES)[number] }[];
  readonly isOpaque: boolean;
  readonly isScanIncomplete: boolean;
  /** Drives which server has which model. */
  readonly seed: number;
};

const WORDS = ["heron", "osprey", "kestrel", "merlin"];
const CODES = ["pii.email", "pii.phone", "secret.aws_access_key", "marker.tlp"];
const NAMES = ["m1", "m2", "m3", "m3:latest", "m5", "unlisted", "gpt-4o", "alpha/m1", "beta/m2", "gamma/unlisted"];

export function arbitraryWorld(): fc.Arbitrary<World> {
  return fc.record({
    request: arbitraryRequest(),
    labels: fc.record(
      { team: fc.constantFrom("red", "blue", "green", "grey"), tier: fc.constantFrom("free", "paid") },
      { requiredKeys: [] },
    ),
    words: fc.subarray(WORDS),
    detected: fc.uniqueArray(
      fc.record({ code: fc.constantFrom(...CODES), strength: fc.constantFrom(...STRENGTH_NAMES) }),
      { selector: ({ code }) => code, maxLength: 2 },
    ),
    isOpaque: seldom(),
    isScanIncomplete: seldom(),
    seed: fc.nat(1_000),
  });
}

const seldom = () =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

function arbitraryRequest(): fc.Arbitrary<ChatRequest> {
  return fc
    .record({
      surface: fc.constantFrom(...SURFACES),
      kind: fc.constantFrom("chat" as const, "chat" as const, "completion" as const, "embedding" as const),
      length: fc.constantFrom(0, 1, 10, 100, 1_024, 5_000),
      messages: fc.constantFrom(1, 2, 10),
      maxTokens: fc.option(fc.constantFrom(1, 100, 5_000)),
      hasTools: fc.boolean(),
      hasImages: seldom(),
      streamed: fc.boolean(),
      wish: fc.option(fc.constantFrom(...NAMES), { freq: 3 }),
    })
    .map(({ surface, streamed, wish, hasImages, ...task }) => {
      const untranslated = hasImages ? ["messages[0].images"] : [];
      return { surface, streamed, wish, untranslated, body: {}, task: taskOf(task) };
    });
}

function taskOf(given: {
  readonly kind: Task["kind"];
  readonly length: number;
  readonly messages: number;
  readonly maxTokens: number | null;
  readonly hasTools: boolean;
}): Task {
  const text = "word ".repeat(given.length / 5);
  const sampling = { ...NO_SAMPLING, maxTokens: given.maxTokens };
  if (given.kind === "embedding") return { kind: "embedding", inputs: [text], dimensions: null };
  if (given.kind === "completion") return { kind: "completion", prompt: text, suffix: null, sampling };
  const messages = Array.from({ length: given.messages }, () => ({ role: "user" as const, content: text }));
  const tools = given.hasTools ? [{ name: "look_up", description: null, parameters: null, strict: null }] : [];
  return { ...PLAIN_CHAT, kind: "chat", messages, sampling, tools };
}

/** Drawn documents with signals of all kinds, some of them with one list under several names. */
export function arbitrarySeekingDocument(): fc.Arbitrary<PolicyDocument> {
  const extra = fc.record({
    bodies: fc.array(arbitrarySignal(), { minLength: 3, maxLength: 3 }),
    scan: fc.record({ detectors: fc.boolean(), threshold: fc.constantFrom(...STRENGTH_NAMES) }, { requiredKeys: [] }),
    urls: fc.array(fc.constantFrom("http://127.0.0.1:1", "http://127.0.0.1:2"), { minLength: 4, maxLength: 4 }),
    teams: fc.subarray(["red", "blue", "green"], { minLength: 1 }),
  });
  return fc.tuple(arbitraryDocument(), extra).map(([document, { bodies, scan, urls, teams }]) => ({
    ...document,
    ...(document.signals === undefined ? {} : { signals: replaced(document.signals, bodies.map(named)) }),
    ...(document.labels?.["team"] === undefined ? {} : { labels: { ...document.labels, team: teams } }),
    providers: replaced(
      document.providers,
      Object.values(document.providers).map((body, index) => ({ ...body, base_url: urls[index] ?? body.base_url })),
    ),
    scan: { opaque_content: "sensitive", ...document.scan, ...scan },
  }));
}

const replaced = <T>(record: Readonly<Record<string, T>>, values: readonly T[]): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([key, old], index) => [key, values[index] ?? old]));

/** Patterns of a policy have ids of their own. */
const named = (body: SignalBody, index: number): SignalBody =>
  body.patterns === undefined
    ? body
    : { ...body, patterns: body.patterns.map((pattern, at) => ({ ...pattern, id: `pattern_${index}_${at}` })) };

function arbitrarySignal(): fc.Arbitrary<SignalBody> {
  const pattern = fc.record<NonNullable<SignalBody["patterns"]>[number], "id" | "pattern" | "keywords">(
    {
      id: fc.constant("unnamed"),
      pattern: fc.constantFrom(...WORDS),
      keywords: fc.constant<string[]>(["bird"]),
      strength: fc.constantFrom(...STRENGTH_NAMES),
    },
    { requiredKeys: ["id", "pattern", "keywords"] },
  );
  return fc
    .record(
      {
        keywords: fc.subarray(WORDS.slice(0, 2), { minLength: 1 }),
        detectors: fc.subarray(CODES, { minLength: 1 }),
        groups: fc.subarray(["pii" as const, "keyword" as const, "pattern" as const], { minLength: 1 }),
        patterns: fc.array(pattern, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    )
    .filter((body) => Object.keys(body).length > 0);
}

/** What the scanner of a policy would find. */
function findingsOf({ scan, signals = {} }: PolicyDocument, world: World): readonly Finding[] {
  const limit = STRENGTH_NAMES.indexOf(scan?.threshold ?? "medium");
  const isSure = (strength: (typeof STRENGTH_NAMES)[number] = "medium") => STRENGTH_NAMES.indexOf(strength) >= limit;
  const own = Object.entries(signals).flatMap(([id, { keywords = [], patterns = [] }]) => [
    ...(keywords.some((word) => world.words.includes(word)) ? [`keyword.${id}`] : []),
    ...patterns
      .filter(({ pattern, strength }) => world.words.includes(pattern) && isSure(strength))
      .map((pattern) => `pattern.${pattern.id}`),
  ]);
  const detected = scan?.detectors === false ? [] : world.detected.filter(({ strength }) => isSure(strength));
  const codes = [
    ...own,
    ...detected.map(({ code }) => code),
    ...(world.isOpaque ? [OPAQUE_PART] : []),
    ...(world.isScanIncomplete ? ["scan.budget_exceeded"] : []),
  ];
  return codes.map((code) => ({ code, path: "", view: "raw", count: 1 }));
}

/** Equal for policies by which the built-in rules look in the same way. */
export const rulesetOf = ({ scan }: PolicyDocument): string =>
  `1.0.0:${scan?.detectors === false ? "none" : (scan?.threshold ?? "medium")}`;

/** Features as the gateway takes them under a policy, and what of the scan goes on record with them. */
export function featuresIn(world: World, policy: CompiledPolicy): { features: Features; findings: string } {
  const findings = findingsOf(policy.document, world);
  const active = activeIn(world, policy);
  const wish = wishFacts(readWish(world.request, active), world.request.task.kind, active);
  return {
    features: extractFeatures(policy, world.request, findings, wish, world.labels),
    findings: JSON.stringify(Object.fromEntries(findings.map(({ code, count }) => [code, count]))),
  };
}

const scan = scanFor([]);

function activeIn({ seed }: World, policy: CompiledPolicy): ActivePolicy {
  const providers = new Map(
    [...assumedProviders(policy)].map(([id, provider]) => {
      const { kind, zone, base_url } = policy.document.providers[id] ?? {};
      const has = (model: string) => {
        const draw = Bun.hash.crc32(`${seed} ${id} ${kind} ${zone} ${base_url} ${model}`);
        const listsNone = Bun.hash.crc32(`${seed} ${id} ${kind} ${zone} ${base_url}`) % 3 === 0;
        return listsNone ? ("unknown" as const) : draw % 2 === 0 ? ("yes" as const) : ("no" as const);
      };
      return [id, { ...provider, has }] as const;
    }),
  );
  return { policy, scan, providers, source: "file", loadedAt: new Date(0) };
}

/** The row that a request leaves which a policy decided. */
export function rowOf(
  requestId: string,
  policy: CompiledPolicy,
  { features, findings }: { readonly features: Features; readonly findings: string },
  { candidates: [first], reasonCodes, denial }: Decision,
): DecidedRow {
  return {
    requestId,
    provider: first?.provider ?? null,
    zone: first?.zone ?? null,
    reasonCodes: denial === null ? reasonCodes : [...reasonCodes, denial],
    findings,
    scanRuleset: rulesetOf(policy.document),
    policyHash: policy.hash,
    features: JSON.stringify(recordFeatures(features)),
    usage: { promptTokens: null, completionTokens: null },
  };
}
