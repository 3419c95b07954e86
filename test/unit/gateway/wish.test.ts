import { describe, expect, test } from "bun:test";
import { namesCloudModel, readModelName, wishFacts } from "../../../src/gateway/wish.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { activeOf } from "../../support/deps.ts";
import { fakeProvider } from "../../support/fake-provider.ts";

type Definitions = PolicyDocument["providers"];

const VLLM = {
  kind: "openai",
  zone: "local",
  base_url: "http://127.0.0.1:8001/v1",
  default_model: "vllm-default",
} as const;
const CLOUD = { kind: "openai", zone: "cloud", base_url: "https://api.openai.com/v1", default_model: "gpt" } as const;
const OLLAMA = { kind: "ollama", zone: "local", base_url: "http://127.0.0.1:11434", default_model: "tiny" } as const;

/** Fakes for these providers; none of them keeps a list until a test gives it one. */
function setUp(definitions: Definitions) {
  const fakes = Object.fromEntries(Object.keys(definitions).map((id) => [id, fakeProvider(id)]));
  for (const fake of Object.values(fakes)) fake.listsNothing();
  const first = Object.keys(definitions)[0] ?? "";
  const document: PolicyDocument = {
    apiVersion: "policy-mesh/v1",
    name: "test",
    version: 1,
    providers: definitions,
    default: { route: [first], reason: "default" },
  };
  const active = activeOf(document, new Map(Object.entries(fakes).map(([id, { provider }]) => [id, provider])));
  const facts = (name: string, task: "chat" | "embedding" = "chat") =>
    wishFacts(readModelName(name, "openai_chat", active), task, active);
  return { fakes, active, facts };
}

describe("who can be asked for a model", () => {
  test("is a provider that declares it, whatever its server lists, and no other one that declares its own", () => {
    const { facts } = setUp({
      eu: { ...CLOUD, zone: "eu", default_model: "m1", models: { m1: {}, m2: {} } },
      us: { ...CLOUD, default_model: "m3", models: { m3: {} } },
    });
    expect(facts("m2")).toEqual({ model: "m2", requestedProvider: "eu", offeredBy: ["eu"] });
    expect(facts("m9")).toEqual({ model: "m9", requestedProvider: null, offeredBy: [] });
    expect(facts("us/m2")).toEqual({ model: "m2", requestedProvider: "us", offeredBy: [] });
  });

  test("is a provider that has another model answer for it", () => {
    const { facts } = setUp({ box: { ...OLLAMA, wishes: { "gpt-4o": "tiny" } }, cloud: CLOUD });
    expect(facts("gpt-4o")).toEqual({ model: "gpt-4o", requestedProvider: "box", offeredBy: ["box"] });
    expect(facts("cloud/gpt-4o")).toEqual({ model: "gpt-4o", requestedProvider: "cloud", offeredBy: ["cloud"] });
  });

  test("is the same with the tag that Ollama's clients add, and without", () => {
    const { facts } = setUp({
      box: { ...OLLAMA, models: { tiny: {}, "big:latest": {} }, wishes: { "gpt-4o": "tiny" } },
    });
    for (const name of ["tiny", "tiny:latest", "big", "big:latest", "gpt-4o:latest"]) {
      expect(facts(name).offeredBy).toEqual(["box"]);
    }
    expect(facts("tiny:1b").offeredBy).toEqual([]);
  });

  test("is a server without a list by the client's word, but not for a local provider's model", () => {
    const { facts } = setUp({ vllm: VLLM, cloud: CLOUD });
    expect(facts("private")).toEqual({ model: "private", requestedProvider: null, offeredBy: ["cloud", "vllm"] });
    expect(facts("vllm-default")).toEqual({ model: "vllm-default", requestedProvider: null, offeredBy: [] });
  });

  test("is looked for in the local zone first", () => {
    const { facts, fakes } = setUp({ cloud: CLOUD, vllm: VLLM });
    fakes["cloud"]?.models.set("m", "yes");
    fakes["vllm"]?.models.set("m", "yes");
    expect(facts("m").requestedProvider).toBe("vllm");
  });

  test("is nobody where the client leaves the choice to policy", () => {
    const { active } = setUp({ cloud: CLOUD });
    expect(wishFacts(null, "chat", active)).toEqual({ model: null, requestedProvider: null, offeredBy: [] });
  });
});

describe("a name that means a hosted service behind an Ollama server", () => {
  test("is one wherever there is an Ollama provider", () => {
    const { active } = setUp({ box: OLLAMA, cloud: CLOUD });
    expect(namesCloudModel({ provider: null, model: "kimi:cloud" }, active)).toBe(true);
  });

  test("is another provider's own where policy declares it there", () => {
    const { active } = setUp({ box: OLLAMA, cloud: { ...CLOUD, models: { gpt: {}, "vendor-cloud": {} } } });
    expect(namesCloudModel({ provider: null, model: "vendor-cloud" }, active)).toBe(false);
  });

  test("means nothing where there is no Ollama provider", () => {
    const { active } = setUp({ cloud: CLOUD });
    expect(namesCloudModel({ provider: null, model: "kimi:cloud" }, active)).toBe(false);
  });
});
