import { describe, expect, test } from "bun:test";
import type { LoadOptions } from "../../../src/policy/check-policy.ts";
import { ANYWHERE, altered, FULL_POLICY, faultsOf, toldOf } from "../../support/policy-file.ts";

type Row = readonly [what: string, from: string, to: string, ...told: readonly string[]];

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  "what is not defined": [
    [
      "a signal of a constraint",
      "signal: [project, personal]",
      "signal: [project, personel, personal]",
      '55:31+8 error undefined_signal /constraints/0/when/signal/1 (did you mean "personal"?)',
    ],
    ["a signal alone", "task: embedding", "signal: nobody", "65:21+6 error undefined_signal /rules/0/when/signal"],
    [
      "a provider of a route",
      "route: [openai, eu, local]",
      "route: [opnai, eu, local]",
      "28:3+6 warning unused_provider /providers/openai",
      '70:13+5 error undefined_provider /rules/1/route/0 (did you mean "openai"?)',
    ],
    [
      "a provider of the default",
      "default:\n  route: [local]",
      "default:\n  route: [lokal]",
      '81:11+5 error undefined_provider /default/route/0 (did you mean "local"?)',
    ],
    [
      "a provider of a shadow rule",
      "route: [eu]",
      "route: [eu, us]",
      "88:17+2 error undefined_provider /shadow/0/route/1",
    ],
    [
      "a provider that is forbidden",
      "providers: [eu]",
      "providers: [e-u]",
      '60:27+3 error undefined_provider /constraints/1/forbid/providers/0 (did you mean "eu"?)',
    ],
    [
      "a provider asked for",
      "{ requested_provider: eu }",
      "{ requested_provider: [eu, locl] }",
      '76:65+4 error undefined_provider /rules/2/when/any/1/requested_provider/1 (did you mean "local"?)',
    ],
    [
      "a provider with prices",
      "prices:\n  openai:",
      "prices:\n  open-ai:",
      '41:3+7 error undefined_provider /prices/open-ai (did you mean "openai"?)',
    ],
    [
      "a zone that is excepted",
      "zones_except: [local]",
      "zones_except: [locale]",
      '56:30+6 error undefined_zone /constraints/0/forbid/zones_except/0 (did you mean "local"?)',
    ],
    [
      "a zone that is forbidden",
      "{ providers: [eu], models: [gpt-5.4] }",
      "{ zones: [europa] }",
      '60:23+6 error undefined_zone /constraints/1/forbid/zones/0 (did you mean "europe"?)',
    ],
    [
      "a label of a condition",
      "{ team: sales }",
      "{ teams: sales }",
      "13:3+4 warning unused_label /labels/team",
      '59:31+5 error undefined_label /constraints/1/when/all/0/labels/teams (did you mean "team"?)',
    ],
    [
      "a value of a label",
      "{ team: sales }",
      "{ team: [sale, sales] }",
      '59:38+4 error undefined_label_value /constraints/1/when/all/0/labels/team/0 (did you mean "sales"?)',
    ],
    [
      "a detector",
      "pii.email",
      "pii.emial",
      '48:17+9 error unknown_detector /signals/personal/detectors/0 (did you mean "pii.email"?)',
    ],
    [
      "a group among detectors",
      "pii.email",
      "pii",
      '48:17+3 error unknown_detector /signals/personal/detectors/0 (name it under "groups")',
    ],
    [
      "a keyword among detectors",
      "pii.email",
      "keyword.project",
      "48:17+15 error unknown_detector /signals/personal/detectors/0",
    ],
    [
      "the scanner's word among detectors",
      "pii.email",
      "scan.opaque_part",
      "48:17+16 error unknown_detector /signals/personal/detectors/0",
    ],
    [
      "a default model that is not declared",
      "default_model: gpt-5.4-mini",
      "default_model: gpt-5.4-min",
      '33:20+11 error undefined_model /providers/openai/default_model (did you mean "gpt-5.4-mini"?)',
    ],
    [
      "an embedding model that is not declared",
      "    models:\n",
      "    default_embedding_model: ada\n    models:\n",
      '34:30+3 error undefined_model /providers/openai/default_embedding_model (declare it under "models")',
    ],
    [
      "a model that a wish stands for",
      "gpt-4o: gpt-5.4",
      "gpt-4o: gpt-5.5",
      '38:15+7 error undefined_model /providers/openai/wishes/gpt-4o (did you mean "gpt-5.4"?)',
    ],
    [
      "an environment variable",
      `\${EU_API_KEY}`,
      `\${EU_APIKEY}`,
      '26:14+12 error missing_variable /providers/eu/api_key (did you mean "EU_API_KEY"?)',
    ],
  ],
  "what a test names": [
    [
      "a signal",
      "{ signals: [project]",
      "{ signals: [projects]",
      '93:24+8 error undefined_signal /tests/0/given/signals/0 (did you mean "project"?)',
    ],
    [
      "a provider asked for",
      "requested_provider: eu, ",
      "requested_provider: us, ",
      "93:54+2 error undefined_provider /tests/0/given/requested_provider",
    ],
    [
      "a provider that offers",
      "offered_by: [eu]",
      "offered_by: [local, opena]",
      '93:78+5 error undefined_provider /tests/0/given/offered_by/1 (did you mean "openai"?)',
    ],
    [
      "a label",
      "labels: { team: research }",
      "labels: { tem: research }",
      '93:86+3 error undefined_label /tests/0/given/labels/tem (did you mean "team"?)',
    ],
    [
      "a value of a label",
      "labels: { team: research }",
      "labels: { team: reserch }",
      '93:92+7 error undefined_label_value /tests/0/given/labels/team (did you mean "research"?)',
    ],
    [
      "a route",
      "expect: { route: [local]",
      "expect: { route: [lcal]",
      '94:23+4 error undefined_provider /tests/0/expect/route/0 (did you mean "local"?)',
    ],
    [
      "a rule",
      "rule: default",
      "rule: embeding",
      '94:37+8 error undefined_rule /tests/0/expect/rule (did you mean "embedding"?)',
    ],
    [
      "a rule that is only watched",
      "rule: default",
      "rule: cheaper",
      "94:37+7 error undefined_rule /tests/0/expect/rule",
    ],
    [
      "a constraint",
      "constraints: [project-stays]",
      "constraints: [project-stay]",
      '94:82+12 error undefined_constraint /tests/0/expect/constraints/0 (did you mean "project-stays"?)',
    ],
    [
      "a reason",
      "rule: default, reason: project_word",
      "reason: project-word",
      '94:39+12 error wrong_form /tests/0/expect/reason (did you mean "project_word"?)',
    ],
    [
      "a reason that nothing gives",
      "rule: default, reason: project_word",
      "reason: project_words",
      '94:39+13 error undefined_reason /tests/0/expect/reason (did you mean "project_word"?)',
    ],
    ["a route and a denial", "rule: default", "deny: true", "94:37+4 error route_or_deny /tests/0/expect/deny"],
  ],
  "what stands twice, or for something else": [
    ["an id of two rules", "id: long", "id: embedding", "68:9+9 error duplicate_id /rules/1/id"],
    [
      "an id of a constraint and a shadow rule",
      "id: cheaper",
      "id: project-stays",
      "87:9+13 error duplicate_id /shadow/0/id",
    ],
    ["the id of the default", "id: never", "id: default", "75:9+7 error reserved_name /rules/2/id"],
    [
      "a provider under a name that answers and metrics have for something else",
      "providers:\n",
      "providers:\n  none: { kind: ollama, zone: local, base_url: http://127.0.0.1, default_model: x }\n",
      "16:3+4 error reserved_name /providers/none",
      "16:3+4 warning unused_provider /providers/none",
    ],
    ["an id that every object has", "id: never", "id: constructor", "75:9+11 error reserved_name /rules/2/id"],
    [
      "an id of patterns of two signals",
      '    keywords: [falcon, "two words"]',
      "    patterns: [{ id: customer_number, pattern: x, keywords: [x] }]",
      "51:15+15 error duplicate_id /signals/personal/patterns/0/id",
    ],
    [
      "auto as a default model",
      "default_model: mistral-large",
      "default_model: auto",
      "27:20+4 error auto_model /providers/eu/default_model",
    ],
    ["auto as a wish", "gpt-4o: gpt-5.4", "auto: gpt-5.4", "38:7+4 error auto_model /providers/openai/wishes/auto"],
    [
      "auto as a model of Ollama",
      "nomic-embed-text",
      "auto:latest",
      "21:30+11 error auto_model /providers/local/default_embedding_model",
    ],
    [
      "auto as what answers a wish",
      "gpt-4o: gpt-5.4",
      "gpt-4o: auto",
      "38:15+4 error auto_model /providers/openai/wishes/gpt-4o",
    ],
    [
      "a model that is forbidden with the tag that its provider names it without",
      "models: [gpt-5.4]",
      "models: [gpt-5.4, nomic-embed-text:latest]",
      '60:50+23 error two_spellings /constraints/1/forbid/models/1 (write "nomic-embed-text" everywhere, or "nomic-embed-text:latest")',
    ],
    [
      "a model that a rule asks for so",
      "any: [{ model: gpt-4o }",
      "any: [{ model: [gpt-4o, nomic-embed-text:latest] }",
      '76:37+23 error two_spellings /rules/2/when/any/0/model/1 (write "nomic-embed-text" everywhere, or "nomic-embed-text:latest")',
    ],
  ],
  "what cannot be meant": [
    ["a rule without an effect", "    deny: true\n", "", "75:5+9 error route_or_deny /rules/2"],
    ["a rule with both", "deny: true", "deny: true\n    route: [local]", "77:11+4 error route_or_deny /rules/2/deny"],
    [
      "a default without an effect",
      "default:\n  route: [local]\n",
      "default:\n",
      "80:1+7 error route_or_deny /default",
    ],
    [
      "a reason of the gateway",
      "reason: long_prompt",
      "reason: provider.timeout",
      "71:13+16 error reserved_reason /rules/1/reason (begin it with another word)",
    ],
    [
      "a reason that is the gateway's word",
      "reason: long_prompt",
      "reason: audit",
      "71:13+5 error reserved_reason /rules/1/reason (begin it with another word)",
    ],
    [
      "a reason of the scanner that it does not give",
      "reason: project_word\n  ",
      "reason: scan.other\n  ",
      "57:13+10 error reserved_reason /constraints/0/reason (begin it with another word)",
      "94:54+12 error undefined_reason /tests/0/expect/reason",
    ],
    [
      "a local server on the internet",
      "http://127.0.0.1:11434",
      "https://ollama.com",
      "19:15+18 error not_local /providers/local/base_url (name a server of your own network, or give the provider another zone)",
    ],
    [
      "a local server with a public address",
      "http://127.0.0.1:11434",
      "http://8.8.8.8",
      '19:15+14 error not_local /providers/local/base_url (name a server of your own network, or give the provider another zone, or allow its address in "allowed_addresses")',
    ],
    [
      "a URL of another protocol",
      "https://llm.example.eu/v1",
      "ftp://llm.example.eu",
      "25:15+20 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL that is none",
      "https://llm.example.eu/v1",
      "llm.example.eu",
      "25:15+14 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL with a line break",
      "https://llm.example.eu/v1",
      '"https://llm.example.eu/\\nv1"',
      "25:15+29 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL with credentials",
      "https://llm.example.eu/v1",
      "https://me:x@llm.example.eu",
      "25:15+27 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL with a query",
      "https://llm.example.eu/v1",
      "https://llm.example.eu/?a=b",
      "25:15+27 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL with an empty query",
      "https://llm.example.eu/v1",
      '"https://llm.example.eu/?"',
      "25:15+26 error invalid_url /providers/eu/base_url",
    ],
    [
      "a URL with a fragment",
      "https://llm.example.eu/v1",
      '"https://llm.example.eu/#a"',
      "25:15+27 error invalid_url /providers/eu/base_url",
    ],
    [
      "a model that Ollama forwards",
      "default_model: gemma3:1b",
      "default_model: gpt-oss:120b-cloud",
      "20:20+18 error cloud_model /providers/local/default_model (name a model that runs on the server itself)",
    ],
    [
      "an embedding model that Ollama forwards",
      "nomic-embed-text",
      "embed:cloud",
      "21:30+11 error cloud_model /providers/local/default_embedding_model (name a model that runs on the server itself)",
    ],
    [
      "a range that holds nothing",
      "{ at_least: 4000 }",
      "{ at_least: 4000, at_most: 3999 }",
      "69:13+13 error empty_range /rules/1/when/prompt_tokens",
    ],
    [
      "a constraint that excepts everything",
      "zones_except: [local]",
      "zones_except: [local, cloud, europe]",
      "56:5+6 error forbids_nothing /constraints/0/forbid",
    ],
  ],
  "what looks wrong": [
    [
      "a signal that nobody asks for",
      "signal: [project, personal]",
      "signal: project",
      "47:3+8 warning unused_signal /signals/personal",
    ],
    [
      "a provider that nobody is sent to",
      "route: [openai, eu, local]",
      "route: [local]",
      "28:3+6 warning unused_provider /providers/openai",
    ],
    [
      "a label that nobody asks for",
      "{ labels: { team: sales } }",
      "{ stream: false }",
      "13:3+4 warning unused_label /labels/team",
    ],
    [
      "a price that is never paid",
      "gpt-5.4: { input",
      "gpt-5.4-mni: { input",
      '42:5+11 warning unused_price /prices/openai/gpt-5.4-mni (did you mean "gpt-5.4-mini"?)',
    ],
    [
      "a range that holds everything",
      "{ at_most: 20 }",
      "{ at_least: 0 }",
      "69:48+13 warning endless_range /rules/1/when/message_count",
    ],
    [
      "a cloud that is forbidden beside another that is not",
      "zones_except: [local]",
      "zones: [cloud]",
      "56:23+5 warning zone_left_open /constraints/0/forbid/zones/0 (say zones_except: [local])",
    ],
    [
      "plain http to another network",
      "https://llm.example.eu/v1",
      "http://8.8.8.8/v1",
      "25:15+17 warning unencrypted /providers/eu/base_url (begin the URL with https://)",
    ],
    [
      "detectors that are off",
      "detectors: true",
      "detectors: false",
      "48:17+9 warning detectors_off /signals/personal/detectors/0",
    ],
  ],
};

const SET = new Set(["OPENAI_API_KEY", "EU_API_KEY"]);
const IN_ENVIRONMENT: LoadOptions = { ...ANYWHERE, environment: SET };

describe.each(Object.entries(ROWS))("%s is told", (_kind, rows) => {
  test.each(rows.map((row) => [row[0], row] as const))("such as %s", (_what, [, from, to, ...told]) => {
    expect(toldOf(altered(from, to), IN_ENVIRONMENT)).toEqual([...told]);
  });
});

describe("nothing is said", () => {
  test.each([
    ["of cloud where everything else is forbidden by its zone", "zones_except: [local]", "zones: [cloud, europe]"],
    [
      "of cloud where the other provider is forbidden by its name",
      "zones_except: [local]",
      "zones: [cloud], providers: [eu]",
    ],
    ["of a model of Ollama that a client may wish for", "gpt-4o: gpt-5.4", "gpt-oss:120b-cloud: gpt-5.4"],
    ["of reasons that the gateway and policies share", "reason: long_prompt", "reason: scan.opaque_part"],
    ["of a reason that only begins like the gateway's", "reason: long_prompt", "reason: policyholder.data"],
    ["of plain http in the own network", "https://llm.example.eu/v1", "http://gpu-box:8000/v1"],
    ["of a range of one number", "{ at_least: 4000 }", "{ at_least: 4000, at_most: 4000 }"],
    ["of a condition on a model that nobody declares", "{ model: gpt-4o }", "{ model: [auto, whatever:7b] }"],
  ])("%s", (_what, from, to) => {
    expect(toldOf(altered(from, to), IN_ENVIRONMENT)).toEqual([]);
  });
});

describe("a model that is forbidden", () => {
  const closed = FULL_POLICY.replace(
    "    default_model: mistral-large\n",
    "    default_model: mistral-large\n    models: { mistral-large: {} }\n",
  ).replace("    default_embedding_model: nomic-embed-text\n", "    models: { gemma3:1b: {} }\n");

  test("is looked for where every provider says what it has", () => {
    expect(toldOf(closed)).toEqual([]);
    expect(toldOf(closed.replace("models: [gpt-5.4]", "models: [gpt-5.5]"))).toEqual([
      '61:41+7 warning undefined_model /constraints/1/forbid/models/0 (did you mean "gpt-5.4"?)',
    ]);
  });

  test("is anything where some provider may be asked for anything", () => {
    expect(toldOf(altered("models: [gpt-5.4]", "models: [gpt-5.5]"))).toEqual([]);
  });
});

describe("cloud forbidden where there is none", () => {
  const providers = (zone: string) => `apiVersion: policy-mesh/v1
name: p
version: 1
providers:
  local: { kind: ollama, zone: local, base_url: "http://localhost", default_model: a }
  other: { kind: ollama, zone: ${zone}, base_url: "http://localhost", default_model: a }
signals: { x: { keywords: [x] } }
constraints:
  - { id: c, when: { signal: x }, forbid: { zones: [cloud] }, reason: r }
default: { route: [local, other], reason: d }
`;

  test("guards against later changes where everything is local", () => {
    expect(toldOf(providers("local"))).toEqual(["9:53+5 warning forbids_nothing /constraints/0/forbid/zones/0"]);
  });

  test("is a mistake where something is not", () => {
    expect(toldOf(providers("clouds"))).toEqual([
      '9:53+5 error undefined_zone /constraints/0/forbid/zones/0 (did you mean "clouds"?)',
      "9:53+5 warning zone_left_open /constraints/0/forbid/zones/0 (say zones_except: [local])",
    ]);
  });
});

test("without anybody to ask, variables are taken to be set and codes to be known by their group", () => {
  const nobody = { environment: null };
  expect(toldOf(altered("pii.email", "pii.whatever"), nobody)).toEqual([]);
  expect(toldOf(altered("pii.email", "pia.email"), nobody)).toEqual([
    "48:17+9 error unknown_detector /signals/personal/detectors/0",
  ]);
  expect(toldOf(altered(`\${EU_API_KEY}`, `\${NOT_SET}`), nobody)).toEqual([]);
});

test("a variable that is not set is named", () => {
  const [fault] = faultsOf(altered(`\${EU_API_KEY}`, `\${NOT_SET}`), IN_ENVIRONMENT);
  expect(fault?.message).toBe('The environment variable "NOT_SET" is not set.');
});

test("faults of shape and of reference are told together, and only one of them of one value", () => {
  const wrong = FULL_POLICY.replace("version: 3", "version: x").replace("[openai, eu, local]", "[openai, EU, lokal]");
  expect(toldOf(wrong)).toEqual([
    "4:10+1 error wrong_type /version",
    '70:21+2 error wrong_form /rules/1/route/1 (did you mean "eu"?)',
    '70:25+5 error undefined_provider /rules/1/route/2 (did you mean "local"?)',
  ]);
});

test("a provider without a zone makes nothing said of zones", () => {
  expect(toldOf(altered("    zone: europe\n", ""))).toEqual(["22:3+2 error missing_key /providers/eu"]);
});
