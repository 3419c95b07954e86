import { describe, expect, test } from "bun:test";
import { altered, faultsOf, toldOf } from "../../support/policy-file.ts";

/** Of the sound file: its local provider, and one that is not, with more keys from line 22 and 28 on. */
const local = (more: string, baseUrl = "http://127.0.0.1:11434") =>
  altered(
    "    default_embedding_model: nomic-embed-text\n",
    `    default_embedding_model: nomic-embed-text\n${more}`,
  ).replace("http://127.0.0.1:11434", baseUrl);
const europe = (more: string) =>
  altered("    default_model: mistral-large\n", `    default_model: mistral-large\n${more}`);
const rule = (attempts: string) => altered("{ timeout_seconds: 30, max_targets: 2 }", attempts);

const PROVIDER_KEYS = `    attempts:
      timeout_seconds: 3600
      connect_timeout_ms: 10
      first_token_timeout_ms: 3600000
      idle_timeout_ms: 10
      retries: 2
    breaker: { failure_percent: 100, minimum_calls: 1000, window_seconds: 600, open_seconds: 10 }
    max_concurrency: 10000
`;
const RULE_KEYS =
  "timeout_seconds: 1, connect_timeout_ms: 1000, first_token_timeout_ms: 1000, idle_timeout_ms: 3600000";

test("all keys at their bounds are sound", () => {
  expect(toldOf(local(PROVIDER_KEYS))).toEqual([]);
  expect(toldOf(europe(PROVIDER_KEYS))).toEqual([]);
  expect(toldOf(rule(`{ deadline_seconds: 1, ${RULE_KEYS}, retries: 0, max_targets: 16 }`))).toEqual([]);
  expect(
    toldOf(europe("    breaker: { failure_percent: 1, minimum_calls: 1, window_seconds: 1, open_seconds: 1 }\n")),
  ).toEqual([]);
  expect(toldOf(europe("    max_concurrency: 1\n"))).toEqual([]);
});

describe("a number out of its bounds is told with its place", () => {
  test.each([
    ["attempts", "timeout_seconds", [0, 3_601]],
    ["attempts", "connect_timeout_ms", [9, 60_001]],
    ["attempts", "first_token_timeout_ms", [9, 3_600_001]],
    ["attempts", "idle_timeout_ms", [9, 3_600_001]],
    ["attempts", "retries", [-1, 3]],
    ["breaker", "failure_percent", [0, 101]],
    ["breaker", "minimum_calls", [0, 1_001]],
    ["breaker", "window_seconds", [0, 601]],
    ["breaker", "open_seconds", [0, 11]],
  ])("of a provider's %s: %s", (section, key, wrong) => {
    for (const value of wrong) {
      const column = `    ${section}: { ${key}: `.length + 1;
      expect(toldOf(europe(`    ${section}: { ${key}: ${value} }\n`))).toEqual([
        `28:${column}+${`${value}`.length} error out_of_bounds /providers/eu/${section}/${key}`,
      ]);
    }
  });

  test.each([
    ["deadline_seconds", [0, 7_201]],
    ["connect_timeout_ms", [9, 60_001]],
    ["retries", [-1, 3]],
    ["max_targets", [0, 17]],
  ])("of a rule's attempts: %s", (key, wrong) => {
    for (const value of wrong) {
      expect(toldOf(rule(`{ ${key}: ${value} }`))).toEqual([
        `74:${`    attempts: { ${key}: `.length + 1}+${`${value}`.length} error out_of_bounds /rules/1/attempts/${key}`,
      ]);
    }
  });

  test("of how many calls may be under way", () => {
    for (const value of [0, 10_001]) {
      expect(toldOf(europe(`    max_concurrency: ${value}\n`))).toEqual([
        `28:22+${`${value}`.length} error out_of_bounds /providers/eu/max_concurrency`,
      ]);
    }
  });
});

test("what only a rule can say is no key of a provider, and an empty mapping says nothing", () => {
  expect(toldOf(europe("    attempts: { max_targets: 2 }\n"))).toEqual([
    "28:17+11 error unknown_key /providers/eu/attempts/max_targets",
  ]);
  expect(toldOf(europe("    attempts: { deadline_seconds: 2 }\n"))).toEqual([
    "28:17+16 error unknown_key /providers/eu/attempts/deadline_seconds",
  ]);
  expect(toldOf(europe("    attempts: {}\n"))).toEqual(["28:5+8 error too_few /providers/eu/attempts"]);
  expect(toldOf(europe("    breaker: {}\n"))).toEqual(["28:5+7 error too_few /providers/eu/breaker"]);
});

test("a misspelt key is told, and one that stands too high", () => {
  expect(toldOf(europe("    breaker: { fail_percent: 5 }\n"))).toEqual([
    '28:16+12 error unknown_key /providers/eu/breaker/fail_percent (did you mean "failure_percent"?)',
  ]);
  expect(toldOf(europe("    retries: 1\n"))).toEqual([
    '28:5+7 error unknown_key /providers/eu/retries (it belongs under "attempts")',
  ]);
});

describe("a limit that the deadline ends before it is warned of", () => {
  const SUGGESTION = '(raise "deadline_seconds")';

  test("in a rule", () => {
    const keys =
      "timeout_seconds: 11, connect_timeout_ms: 10001, first_token_timeout_ms: 10001, idle_timeout_ms: 60000";
    expect(toldOf(rule(`{ deadline_seconds: 10, ${keys} }`))).toEqual([
      `74:56+2 warning beyond_deadline /rules/1/attempts/timeout_seconds ${SUGGESTION}`,
      `74:80+5 warning beyond_deadline /rules/1/attempts/connect_timeout_ms ${SUGGESTION}`,
      `74:111+5 warning beyond_deadline /rules/1/attempts/first_token_timeout_ms ${SUGGESTION}`,
    ]);
    expect(toldOf(rule("{ deadline_seconds: 10, timeout_seconds: 10, first_token_timeout_ms: 10000 }"))).toEqual([]);
  });

  test("in the default and in a rule that is only watched", () => {
    const attempts = "    attempts: { deadline_seconds: 1, timeout_seconds: 2 }\n";
    expect(toldOf(altered("    reason: cheaper\n", `    reason: cheaper\n${attempts}`))).toEqual([
      `90:55+1 warning beyond_deadline /shadow/0/attempts/timeout_seconds ${SUGGESTION}`,
    ]);
    const fallback = altered("  reason: default\n", `  reason: default\n${attempts.slice(2)}`);
    expect(toldOf(fallback)).toEqual([
      `83:53+1 warning beyond_deadline /default/attempts/timeout_seconds ${SUGGESTION}`,
    ]);
  });

  test("but not of what is no number", () => {
    expect(toldOf(rule("{ deadline_seconds: soon, timeout_seconds: 2 }"))).toEqual([
      "74:35+4 error wrong_type /rules/1/attempts/deadline_seconds",
    ]);
  });
});

describe("allowed_addresses", () => {
  test("are blocks of addresses, or all of them", () => {
    expect(toldOf(local("    allowed_addresses: any\n"))).toEqual([]);
    expect(toldOf(local('    allowed_addresses: ["::ffff:192.0.2.0/120"]\n'))).toEqual([]);
    expect(toldOf(local("    allowed_addresses: [192.0.2.0/24, 2001:db8::/32, 198.51.100.7/32, 0.0.0.0/0]\n"))).toEqual(
      [],
    );
  });

  test.each([
    ["no address", "192.0.2/24", "invalid_block"],
    ["a number that no address has", "192.0.2.256/32", "invalid_block"],
    ["leading zeros, which some take for octal", "192.0.02.0/24", "invalid_block"],
    ["a prefix that is too long", "192.0.2.0/33", "invalid_block"],
    ["a prefix that is too long for IPv6", '"2001:db8::/129"', "invalid_block"],
    ["a prefix with a leading zero", "192.0.2.0/024", "invalid_block"],
    ["two gaps", '"2001::db8::/32"', "invalid_block"],
    ["an address within a block", "192.0.2.7/24", "invalid_block"],
    ["the same in IPv6", '"2001:DB8::1/32"', "invalid_block"],
    ["an address without a prefix", "192.0.2.7", "wrong_form"],
    ["a name", "models.example.com", "wrong_form"],
    ["a zone", '"fe80::1%eth0/64"', "wrong_form"],
  ])("are not %s", (_what, block, code) => {
    const told = toldOf(local(`    allowed_addresses: [10.0.0.0/8, ${block}]\n`));
    const [at, length] = ["    allowed_addresses: [10.0.0.0/8, ".length + 1, block.length];
    expect(told).toEqual([`22:${at}+${length} error ${code} /providers/local/allowed_addresses/1`]);
  });

  test("are told in words where they are none", () => {
    expect(faultsOf(local("    allowed_addresses: [192.0.2.7/24]\n")).map(({ message }) => message)).toEqual([
      "Expected the first address of a block, a slash, and how many bits its addresses share; the bits behind those are zero.",
    ]);
  });

  test("are a list, unless they are all", () => {
    const remedy = "(write it as a list, in [ ] or with a dash before each item)";
    for (const text of ["192.0.2.0/24", "all"]) {
      const written = local(`    allowed_addresses: ${text}\n`);
      expect(toldOf(written)).toEqual([
        `22:24+${text.length} error wrong_type /providers/local/allowed_addresses ${remedy}`,
      ]);
      expect(faultsOf(written).map(({ message }) => message)).toEqual([
        'Expected "any", or a list, each a block of addresses, as 192.0.2.0/24, or 192.0.2.7/32 for one; found a text.',
      ]);
    }
    expect(toldOf(local("    allowed_addresses: []\n"))).toEqual([
      "22:5+17 error too_few /providers/local/allowed_addresses",
    ]);
    expect(toldOf(local("    allowed_addresses: { any: true }\n"))[0]).toContain("error wrong_type");
    expect(toldOf(local("    allowed_addresses: [any]\n"))[0]).toContain("error wrong_form");
    expect(toldOf(local("    allowed_addresses: [192.0.2.0/24, 192.0.2.0/24]\n"))[0]).toContain("error duplicate_item");
    const many = Array.from({ length: 65 }, (_, index) => `192.0.2.${index}/32`).join(", ");
    expect(toldOf(local(`    allowed_addresses: [${many}]\n`))[0]).toContain("error too_many");
  });

  test.each(["any", "[192.0.2.0/24]"])("belong to what is to stay local only: %s", (value) => {
    expect(toldOf(europe(`    allowed_addresses: ${value}\n`))).toEqual([
      "28:5+17 error addresses_not_local /providers/eu/allowed_addresses (remove the key)",
    ]);
  });

  test("let a local server have an address that is not private", () => {
    const at = (baseUrl: string, addresses: string) => toldOf(local(`    allowed_addresses: ${addresses}\n`, baseUrl));
    const [told = ""] = at("https://192.0.2.7", "[198.51.100.0/24]");
    expect(told).toStartWith("19:15+17 error not_local /providers/local/base_url");
    expect(at("https://192.0.2.7", "[198.51.100.0/24, 192.0.2.0/24]")).toEqual([]);
    expect(at("https://192.0.2.7", "any")).toEqual([]);
    expect(at("https://[2001:db8::7]:8443", '["2001:db8::/32"]')).toEqual([]);
    expect(at("https://[2001:db9::7]:8443", '["2001:db8::/32"]')[0]).toContain("error not_local");
    // It is still plain http to an address that the internet has.
    expect(at("http://192.0.2.7", "any")[0]).toStartWith("19:15+16 warning unencrypted /providers/local/base_url");
  });

  test("never make a hosted service local", () => {
    const told = toldOf(local("    allowed_addresses: any\n", "https://api.openai.com/v1"));
    expect(told[0]).toContain("error not_local /providers/local/base_url");
  });

  test("are not asked for where the zone is missing", () => {
    const text = local("    allowed_addresses: any\n").replace("    zone: local\n", "");
    expect(toldOf(text).some((line) => line.includes("addresses_not_local"))).toBe(false);
  });
});
