/**
 * How long policies of many rules take to analyse and to compare: `bun test/bench/policy-analyse.ts`. The policies are
 * such as teams write: rules by team, signal, size and cost over a few providers, and constraints on what is sensitive.
 */
import { analyse } from "../../src/policy/analyse/analyse.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { diffPolicies } from "../../src/policy/diff.ts";
import type { ConditionBody, PolicyDocument, RuleBody } from "../../src/policy/document.ts";

const SIZES = [10, 100, 1_000];
const ROUNDS = 5;

const PROVIDERS: PolicyDocument["providers"] = {
  local: {
    kind: "ollama",
    zone: "local",
    base_url: "http://127.0.0.1:11434",
    default_model: "llama3.1",
    default_embedding_model: "nomic-embed-text",
  },
  eu: {
    kind: "openai",
    zone: "eu",
    base_url: "https://eu.example.com/v1",
    default_model: "mistral-large",
    models: { "mistral-large": { context_tokens: 131_072, capabilities: ["tools"] }, "mistral-small": {} },
  },
  cloud: { kind: "openai", zone: "cloud", base_url: "https://api.example.com/v1", default_model: "gpt-4o-mini" },
};
const ROUTES: readonly [string, ...string[]][] = [
  ["local"],
  ["eu", "local"],
  ["cloud"],
  ["cloud", "eu"],
  ["local", "cloud"],
];
const TEAMS = 20;
const SIGNALS = 20;

const team = (index: number) => `team${index % TEAMS}`;
const signal = (index: number) => `topic${index % SIGNALS}`;

/** Each kind of condition comes again with other teams, signals and bounds, so that few rules are alike. */
function conditionOf(index: number): ConditionBody {
  const round = Math.floor(index / 6);
  switch (index % 6) {
    case 0:
      return { labels: { team: team(round) }, signal: signal(round * 7) };
    case 1:
      return { signal: [signal(round), signal(round + 3)], prompt_chars: { at_least: 100 * (round % 40) } };
    case 2:
      return {
        labels: { team: [team(round * 3), team(round * 3 + 1)] },
        prompt_tokens: { at_least: 1_000 * (round % 8) },
      };
    case 3:
      return { labels: { team: team(round * 11) }, estimated_cost_micros: { at_least: 10_000 * (1 + (round % 4)) } };
    case 4:
      return { labels: { team: team(round * 13) }, model: "gpt-4o", stream: round % 2 === 0 };
    default:
      return {
        all: [{ has_tools: true }, { any: [{ signal: signal(round * 5) }, { labels: { team: team(round) } }] }],
      };
  }
}

function ruleOf(index: number): RuleBody {
  const route = ROUTES[(index * 7) % ROUTES.length] ?? ["local"];
  const limits = index % 10 === 3 ? { limits: { max_estimated_cost_micros: 50_000, max_output_tokens: 2_000 } } : {};
  return { id: `rule${index}`, when: conditionOf(index), route, reason: `reason${index % 5}`, ...limits };
}

function documentOf(rules: number): PolicyDocument {
  const topics = Array.from({ length: SIGNALS }, (_, index) => [
    signal(index),
    { keywords: [`word ${index}`, `word ${index + 1}`] },
  ]);
  return {
    apiVersion: "policy-mesh/v1",
    name: "bench",
    version: 1,
    labels: { team: Array.from({ length: TEAMS }, (_, index) => team(index)) },
    providers: PROVIDERS,
    prices: {
      cloud: { "gpt-4o-mini": { input: 150_000, output: 600_000 }, "gpt-4o": { input: 2_500_000, output: 10_000_000 } },
      eu: {
        "mistral-large": { input: 2_000_000, output: 6_000_000 },
        "mistral-small": { input: 100_000, output: 300_000 },
      },
    },
    signals: { ...Object.fromEntries(topics), personal: { groups: ["pii"] }, secret: { groups: ["secret"] } },
    constraints: [
      { id: "personal", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "personal_data" },
      { id: "secrets", when: { signal: "secret" }, forbid: { zones_except: ["local"] }, reason: "secrets" },
      { id: "approved", when: { labels: { team: team(1) } }, forbid: { models: ["gpt-4o"] }, reason: "not_approved" },
    ],
    rules: Array.from({ length: rules }, (_, index) => ruleOf(index)),
    default: { route: ["cloud", "local"], reason: "default" },
  };
}

/** One rule less, one word more, and another zone closed to what is personal. */
function edited(document: PolicyDocument): PolicyDocument {
  const { rules = [], signals = {} } = document;
  return {
    ...document,
    version: 2,
    rules: rules.filter((_, index) => index !== Math.floor(rules.length / 2)),
    signals: { ...signals, topic0: { keywords: ["word 0", "word 1", "one more"] } },
  };
}

function measured<T>(work: () => T): { readonly result: T; readonly ms: string } {
  const times: number[] = [];
  let result = work();
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    result = work();
    times.push(performance.now() - startedMs);
  }
  times.sort((one, other) => one - other);
  return { result, ms: `${(times[ROUNDS >> 1] ?? 0).toFixed(1)} ms` };
}

for (const size of SIZES) {
  const document = documentOf(size);
  const compiled = measured(() => compilePolicy(document));
  const analysis = measured(() => analyse(compilePolicy(document)));
  const changed = compilePolicy(edited(document));
  const diff = measured(() => diffPolicies(compilePolicy(document), changed));
  const { unreachable, redundant, deadRoutes, overlaps, moreOverlaps, complete, nodes } = analysis.result;
  const { checks, changes } = diff.result;
  const lines = [
    `${size} rules`,
    `  compile  ${compiled.ms}`,
    `  analyse  ${analysis.ms}, ${nodes} nodes, ${complete ? "complete" : "ended at its bound"}: ${unreachable.length} unreachable, ` +
      `${redundant.length} redundant, ${deadRoutes.length} dead routes, ${overlaps.length}${moreOverlaps ? "+" : ""} overlaps`,
    `  diff     ${diff.ms}, ${diff.result.nodes} nodes, ${diff.result.complete ? "complete" : "ended at its bound"}: ` +
      `${changes.length} changes, no_new_cloud ${checks.no_new_cloud.result}, no_new_deny ${checks.no_new_deny.result}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
