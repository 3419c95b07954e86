import { describe, expect, test } from "bun:test";
import { err, ok, type Result } from "../../../src/core/result.ts";
import type { ActivePolicy } from "../../../src/gateway/active-policy.ts";
import type { PolicyIdentity } from "../../../src/policy/versions.ts";
import { loadActivePolicy, PolicyKeeper, type PolicyText, type PolicyWorld } from "../../../src/workers/keep-policy.ts";
import { recordingTelemetry } from "../../support/deps.ts";
import { fakeProvider } from "../../support/fake-provider.ts";

const policy = ({ version = 1, keyword = "falcon", route = "box", extra = "" } = {}) => `
apiVersion: policy-mesh/v1
name: kept
version: ${version}
providers:
  box: { kind: ollama, zone: local, base_url: "http://127.0.0.1:11434", default_model: tiny }
  cloud: { kind: openai, zone: cloud, base_url: "https://api.example.com/v1", api_key: "\${CLOUD_KEY}", default_model: big }
signals:
  codename: { keywords: [${keyword}] }
constraints:
  - { id: codenames-stay, when: { signal: codename }, forbid: { zones: [cloud] }, reason: codename }
rules:
  - { id: long, when: { prompt_chars: { at_least: 1000 } }, route: [cloud, box], reason: long }
default: { route: [${route}], reason: default }
${extra}`;

function setUp(first = policy()) {
  let file: Result<PolicyText, { message: string }> = ok({ file: "policy.yaml", text: first, signed: null });
  const made: string[] = [];
  let newest: PolicyIdentity | null = null;
  const world: PolicyWorld = {
    read: async () => file,
    environment: new Set(["CLOUD_KEY"]),
    createProvider: (id) => {
      made.push(id);
      return fakeProvider(id).provider;
    },
    newestVersion: async () => newest,
    allowDowngrade: false,
    now: () => new Date("2026-11-22T12:00:00.000Z"),
  };
  return {
    world,
    made,
    writes(text: string) {
      file = ok({ file: "policy.yaml", text, signed: null });
    },
    cannotBeRead(message: string) {
      file = err({ message });
    },
    signedAs(name: string, version: number) {
      if (file.ok) file = ok({ ...file.value, signed: { name, version } });
    },
    wasInForce(identity: PolicyIdentity) {
      newest = identity;
    },
  };
}

async function kept(files: ReturnType<typeof setUp>, world = files.world) {
  const first = await loadActivePolicy(world, null);
  if (!first.ok || first.value === null) throw new Error(first.ok ? "nothing" : first.error.message);
  const { telemetry, policies } = recordingTelemetry();
  const swapped: ActivePolicy[] = [];
  const keeper = new PolicyKeeper(world, telemetry, first.value.active, (active) => swapped.push(active));
  return { keeper, policies, swapped };
}

describe("a policy file that is read again", () => {
  test("is put in force whole, and told of", async () => {
    const files = setUp();
    const { keeper, policies, swapped } = await kept(files);
    files.writes(policy({ version: 2, route: "cloud" }));
    await keeper.reload();
    expect(keeper.current().policy.version).toBe(2);
    expect(swapped).toEqual([keeper.current()]);
    expect(policies).toMatchObject([{ result: "activated", policy: { name: "kept", version: 2 } }]);
  });

  test("is in force only when its new servers were asked which models they have", async () => {
    const files = setUp();
    const asked: string[] = [];
    const { keeper } = await kept(files, {
      ...files.world,
      createProvider: (id) => {
        const { provider } = fakeProvider(id);
        return {
          ...provider,
          async check(maxAgeMs) {
            asked.push(`${id} ${keeper.current().policy.version}`);
            return provider.check(maxAgeMs);
          },
        };
      },
    });
    files.writes(policy({ version: 2 }).replace("11434", "11435"));
    await keeper.reload();
    expect(keeper.current().policy.version).toBe(2);
    expect(asked).toContain("box 1");
  });

  test("keeps the clients of providers that stay as they are", async () => {
    const files = setUp();
    const { keeper } = await kept(files);
    const before = keeper.current().providers;
    files.writes(policy({ version: 2 }).replace("default_model: big", "default_model: bigger"));
    await keeper.reload();
    expect(keeper.current().providers.get("box")).toBe(before.get("box"));
    expect(keeper.current().providers.get("cloud")).not.toBe(before.get("cloud"));
    expect(files.made).toEqual(["box", "cloud", "cloud"]);
  });

  test("changes nothing where it says the same in other words", async () => {
    const files = setUp();
    const { keeper, policies } = await kept(files);
    const before = keeper.current();
    files.writes(`# a comment\n${policy()}`);
    await keeper.reload();
    expect(keeper.current()).toBe(before);
    expect(policies).toMatchObject([{ result: "unchanged" }]);
  });

  test.each([
    ["is no policy", "nonsense: true", "apiVersion"],
    ["is no YAML", "rules: [", "policy.yaml:"],
    ["names a provider that there is not", policy({ version: 2, route: "clout" }), 'did you mean "cloud"'],
    ["has a test that fails", policy({ version: 2, extra: failingTest() }), "goes to the cloud"],
    [
      "has a rule that no request can reach",
      policy({ version: 2 }).replace("at_least: 1000", "at_least: 0").replace("default:", deadRule()),
      "dead",
    ],
    ["goes back in its version", policy({ version: 1, route: "cloud" }), "back to 1"],
  ])("keeps the one before where it %s, and says why", async (_, text, why) => {
    const files = setUp(policy({ version: 2 }));
    const { keeper, policies, swapped } = await kept(files);
    const before = keeper.current();
    files.writes(text);
    await keeper.reload();
    expect([keeper.current() === before, swapped]).toEqual([true, []]);
    expect(policies).toMatchObject([{ result: "refused", reason: expect.stringContaining(why) }]);
    expect(JSON.stringify(policies)).not.toContain("falcon");
  });

  test("keeps the one before where the file cannot be read, and takes the next that can", async () => {
    const files = setUp();
    const { keeper, policies } = await kept(files);
    files.cannotBeRead("The file is gone.");
    await keeper.reload();
    files.writes(policy({ version: 3 }));
    await keeper.reload();
    expect(policies.map(({ result }) => result)).toEqual(["refused", "activated"]);
    expect(keeper.current().policy.version).toBe(3);
  });

  test("may go back where that is forced, and says that it did", async () => {
    const files = setUp(policy({ version: 2 }));
    const { keeper, policies } = await kept(files, { ...files.world, allowDowngrade: true });
    files.writes(policy({ version: 1 }));
    await keeper.reload();
    expect(policies).toMatchObject([{ result: "activated", reason: expect.stringContaining("back to 1") }]);
  });

  test("says so, too, where what was newer was in force before the process began", async () => {
    const files = setUp(policy({ version: 2 }));
    files.wasInForce({ name: "kept", version: 9, hash: "sha256:other" });
    const first = await loadActivePolicy({ ...files.world, allowDowngrade: true }, null);
    expect(first).toMatchObject({ ok: true, value: { note: expect.stringContaining("from 9 back to 2") } });
  });

  test("may not go behind what was in force before the process began", async () => {
    const files = setUp(policy({ version: 2 }));
    const { keeper, policies } = await kept(files);
    files.wasInForce({ name: "kept", version: 9, hash: "sha256:other" });
    files.writes(policy({ version: 3 }));
    await keeper.reload();
    expect(policies).toMatchObject([{ result: "refused" }]);
  });

  test("is refused where its signature names another policy", async () => {
    const files = setUp();
    files.signedAs("kept", 2);
    const loaded = await loadActivePolicy(files.world, null);
    expect(loaded.ok ? null : loaded.error.message).toContain("signature names another");
  });

  test("keeps the one before where checking it has a bug, and goes on", async () => {
    const files = setUp();
    let isBroken = false;
    const createProvider: PolicyWorld["createProvider"] = (id, document) => {
      if (isBroken) throw new Error("a bug");
      return files.world.createProvider(id, document);
    };
    const { keeper, policies } = await kept(files, { ...files.world, createProvider });
    isBroken = true;
    files.writes(policy({ version: 2 }).replace("default_model: big", "default_model: bigger"));
    await keeper.reload();
    expect(keeper.current().policy.version).toBe(1);
    isBroken = false;
    await keeper.reload();
    expect(policies.map(({ result }) => result)).toEqual(["refused", "activated"]);
  });

  test("is read by one at a time", async () => {
    const files = setUp();
    const { keeper, policies } = await kept(files);
    files.writes(policy({ version: 2 }));
    await Promise.all([keeper.reload(), keeper.reload(), keeper.reload()]);
    expect(policies.map(({ result }) => result)).toEqual(["activated", "unchanged", "unchanged"]);
  });
});

test("a key that no variable holds keeps a policy from coming in force", async () => {
  const files = setUp();
  const loaded = await loadActivePolicy({ ...files.world, environment: new Set() }, null);
  expect(loaded.ok ? null : loaded.error.message).toContain("CLOUD_KEY");
});

function failingTest() {
  return "tests:\n  - { name: goes to the cloud, given: { prompt_chars: 1 }, expect: { route: [cloud] } }\n";
}

function deadRule() {
  return "  - { id: dead, when: { prompt_chars: { at_least: 5 } }, route: [box], reason: never }\ndefault:";
}
