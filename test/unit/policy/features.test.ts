import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ChatMessage, type ChatRequest, NO_SAMPLING, type Part } from "../../../src/core/chat.ts";
import { FINDING_GROUPS, type Finding, type FindingGroup, OPAQUE_PART } from "../../../src/core/finding.ts";
import { codePointCount } from "../../../src/core/text.ts";
import type { CompiledPolicy } from "../../../src/policy/compiled.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { extractFeatures, type WishFacts } from "../../../src/policy/features.ts";
import { defaultPrice } from "../../../src/policy/price-table.ts";
import { estimateTokens } from "../../../src/policy/tokens.ts";
import { chatRequest, requestOf } from "../../support/deps.ts";
import { completionTask, embeddingTask } from "../../support/ollama-requests.ts";
import { PLAIN_DOCUMENT, PLAIN_FEATURES, policyOf } from "../../support/policy.ts";

const finding = (code: string): Finding => ({ code, path: "/messages/0/content", view: "raw", count: 1 });
const NO_WISH: WishFacts = { model: null, requestedProvider: null, offeredBy: [] };
const POLICY = policyOf();
const COUNTING = policyOf({ limits: { max_estimated_cost_micros: 1_000_000 } });

type Given = {
  readonly policy?: CompiledPolicy;
  readonly request?: ChatRequest;
  readonly findings?: readonly Finding[];
  readonly wish?: WishFacts;
  readonly labels?: Readonly<Record<string, string>>;
};

const featuresOf = ({
  policy = POLICY,
  request = chatRequest(""),
  findings = [],
  wish = NO_WISH,
  labels = {},
}: Given) => extractFeatures(policy, request, findings, wish, labels);

const PLAIN = { ...PLAIN_FEATURES, promptChars: 0, promptTokens: null };

describe("extractFeatures", () => {
  test("holds no text", () => {
    const features = featuresOf({ request: chatRequest("hush"), findings: [finding("keyword.sensitive")] });
    expect(features).toEqual({ ...PLAIN, promptChars: 4, signals: ["sensitive"] });
    expect(JSON.stringify(features)).not.toContain("hush");
  });

  test("counts messages and the characters of all of them, a surrogate pair as one", () => {
    const messages = [
      { role: "system" as const, content: "ab" },
      { role: "user" as const, content: "👋é" },
    ];
    expect(featuresOf({ request: chatRequest("", { messages, streamed: true }) })).toEqual({
      ...PLAIN,
      streamed: true,
      messageCount: 2,
      promptChars: 4,
    });
  });

  test.each([
    ["completion", completionTask("abc"), 1, 3],
    ["completion", completionTask("abc", { suffix: "de" }), 2, 5],
    ["embedding", embeddingTask(["ab", "👋"]), 2, 3],
  ] as const)("counts all texts of a %s", (kind, task, messageCount, promptChars) => {
    expect(featuresOf({ request: requestOf(task, {}) })).toEqual({ ...PLAIN, task: kind, messageCount, promptChars });
  });

  test("counts as the iterator of strings does", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(codePointCount(text)).toBe([...text].length);
      }),
    );
  });

  test("counts tokens only for a policy that depends on them", () => {
    const request = chatRequest("How many are these?");
    expect(featuresOf({ request }).promptTokens).toBeNull();
    expect(featuresOf({ request, policy: COUNTING }).promptTokens).toBe(estimateTokens(request));
  });

  test("is the same for the same request", () => {
    const given = { policy: COUNTING, request: chatRequest("Again and again"), findings: [finding("pii.email")] };
    expect(JSON.stringify(featuresOf(given))).toBe(JSON.stringify(featuresOf(given)));
  });
});

describe("signals", () => {
  const policy = policyOf({
    signals: {
      words: { keywords: ["a word"] },
      ids: { patterns: [{ id: "employee", pattern: "E[0-9]{6}", keywords: ["E"] }] },
      cards: { detectors: ["pii.credit_card", "marker.classification"] },
      personal: { groups: ["pii", "secret"] },
    },
  });
  const signalsOf = (...codes: string[]) => featuresOf({ policy, findings: codes.map(finding) }).signals;

  test.each([
    ["keyword.words", ["words"]],
    ["pattern.employee", ["ids"]],
    ["pii.credit_card", ["cards", "personal"]],
    ["marker.classification", ["cards"]],
    ["pii.national_id.pl", ["personal"]],
    ["secret.private_key", ["personal"]],
    ["keyword.others", []],
    ["keyword.ids", []],
    ["pattern.words", []],
    ["evasion.zero_width", []],
  ])("of a finding %s are %j", (code, signals) => {
    expect(signalsOf(code)).toEqual(signals);
  });

  test("stand in the order of the policy, each once", () => {
    const inOrder = policy.signals.map(({ id }) => id);
    expect(inOrder).toHaveLength(4);
    const codes = ["secret.aws", "pii.credit_card", "pii.email", "keyword.words", "pattern.employee", "pii.email"];
    expect(signalsOf(...codes)).toEqual(inOrder);
    expect(signalsOf(...codes.toReversed())).toEqual(inOrder);
  });

  test.each([
    ["scan.budget_exceeded", { scanIncomplete: true }],
    ["scan.opaque_part", { opaqueContent: true }],
    ["scan.whatever_comes_to_be", { scanIncomplete: true }],
  ])("are none for %s, which says %j", (code, expected) => {
    expect(featuresOf({ findings: [finding(code)] })).toEqual({ ...PLAIN, ...expected });
  });

  test("let no finding pass for nothing that a group is watched for, whatever else it will come to hold", () => {
    for (const group of FINDING_GROUPS.filter((name): name is Exclude<FindingGroup, "scan"> => name !== "scan")) {
      const watching = policyOf({ signals: { watched: { groups: [group] } } });
      expect(featuresOf({ policy: watching, findings: [finding(`${group}.new`)] }).signals).toEqual(["watched"]);
    }
    expect(() => featuresOf({ findings: [finding("unheard.of")] })).toThrow();
  });
});

describe("what the model has to be able to do", () => {
  const tool = { name: "now", description: null, parameters: null, strict: null };

  test("is to call tools where there are some", () => {
    expect(featuresOf({ request: chatRequest("", { asks: { tools: [tool] } }) }).hasTools).toBe(true);
  });

  test.each(["functions", "tools[0].type", "tools[1]"])("is to call tools that no task carries: %s", (field) => {
    expect(featuresOf({ request: chatRequest("", { untranslated: ["n", field] }) }).hasTools).toBe(true);
  });

  test.each(["functions_of_mine", "tooling", "messages[0].tools"])("is no matter of other fields: %s", (field) => {
    expect(featuresOf({ request: chatRequest("", { untranslated: [field] }) }).hasTools).toBe(false);
  });

  const withPart = (part: Part) => {
    const messages: ChatMessage[] = [{ role: "user", content: [{ kind: "text", text: "What is this?" }, part] }];
    return featuresOf({ request: chatRequest("", { messages }), findings: [finding(OPAQUE_PART)] }).hasImages;
  };

  test("is to see where a part is an image", () => {
    expect(withPart({ kind: "image", mediaType: null, base64: "AAAA" })).toBe(true);
    expect(withPart({ kind: "text", text: "image_url" })).toBe(false);
  });

  test.each([
    [{ type: "image_url", image_url: { url: "https://a.example/b.png" } }, true],
    [{ type: "input_image", file_id: "file-1" }, true],
    [{ image: "AAAA" }, true],
    [{ type: "input_audio", input_audio: { data: "AAAA" } }, false],
    [{ type: "file", file: { file_id: "f" } }, false],
    ["image", false],
  ])("is to see in a part that only the client's protocol has, if it is an image: %j, %p", (original, expected) => {
    expect(withPart({ kind: "other", original })).toBe(expected);
  });

  test.each([
    ["messages[0].images", true],
    ["images", true],
    ["messages[0].content[1].image_url.url", true],
    ["messages[0].audio", false],
    ["reimage", false],
  ])("is to see where the body alone has images: %s, %p", (name, expected) => {
    const request = chatRequest("", { untranslated: [name] });
    expect(featuresOf({ request, findings: [finding(OPAQUE_PART)] }).hasImages).toBe(expected);
  });

  test("is no image where all content is text, whatever a field is called", () => {
    const features = featuresOf({ request: chatRequest("", { untranslated: ["tools[0].image"] }) });
    expect([features.hasImages, features.opaqueContent]).toEqual([false, false]);
  });
});

describe("what an answer may cost", () => {
  const limited = (maxTokens: number | null, rest: Partial<ChatRequest> = {}) =>
    featuresOf({ request: chatRequest("", { asks: { sampling: { ...NO_SAMPLING, maxTokens } }, ...rest }) });

  test.each([
    [null, null],
    [7, 7],
    [0, null],
    [-1, null],
    [1e300, Number.MAX_SAFE_INTEGER],
  ])("with a limit of %p goes by %p", (maxTokens, expected) => {
    expect(limited(maxTokens).maxOutputTokens).toBe(expected);
  });

  test("goes by the higher of two limits, as servers differ in which they know", () => {
    const request = { surface: "openai_chat", body: { max_completion_tokens: 5, max_tokens: 900 } } as const;
    expect(limited(5, request).maxOutputTokens).toBe(900);
    expect(limited(5, { ...request, body: { max_tokens: 3 } }).maxOutputTokens).toBe(5);
  });

  test("is nothing for an embedding", () => {
    const request = requestOf(embeddingTask(["a"]), { max_tokens: 3 }, { surface: "openai_embeddings" });
    expect(featuresOf({ request })).toMatchObject({ maxOutputTokens: null, choices: 1 });
  });

  test.each([
    ["openai_chat", { n: 3 }, 3],
    ["openai_chat", { n: 3, best_of: 9 }, 3],
    ["openai_chat", { n: 0 }, 1],
    ["openai_chat", { n: -2 }, 1],
    ["openai_chat", { n: null }, 1],
    ["openai_chat", { n: 1e300 }, Number.MAX_SAFE_INTEGER],
    ["openai_completions", { n: 2, best_of: 5 }, 5],
    ["openai_completions", { n: 2, prompt: ["a", "b", "c"] }, 6],
    ["openai_completions", { best_of: 2, prompt: [[1], [2]] }, 4],
    ["openai_completions", { n: 2, prompt: [1, 2, 3] }, 2],
    ["openai_completions", { prompt: [] }, 1],
    ["openai_completions", { n: 1e300, prompt: ["a", "b"] }, Number.MAX_SAFE_INTEGER],
    ["openai_responses", { n: 3 }, 1],
    ["ollama_chat", { n: 3, best_of: 3 }, 1],
    ["native", {}, 1],
  ] as const)("goes by how many answers %s asks for in %j: %i", (surface, body, choices) => {
    expect(featuresOf({ request: requestOf(completionTask("a"), body, { surface }) }).choices).toBe(choices);
  });
});

describe("the wish", () => {
  const wishOf = (wish: Partial<WishFacts>, policy = POLICY) => {
    const {
      wish: kind,
      model,
      wishPrice,
      requestedProvider,
      offeredBy,
    } = featuresOf({
      policy,
      wish: { ...NO_WISH, ...wish },
    });
    return { kind, model, wishPrice, requestedProvider, offeredBy };
  };
  const AUTO: ReturnType<typeof wishOf> = {
    kind: "auto",
    model: null,
    wishPrice: null,
    requestedProvider: null,
    offeredBy: [],
  };

  test("is auto where the client names no model", () => {
    expect(wishOf({})).toEqual(AUTO);
  });

  test("is known where a provider offers it", () => {
    const offered = { model: "unheard-of", requestedProvider: "cloud", offeredBy: ["cloud"] };
    expect(wishOf(offered)).toEqual({ kind: "known", wishPrice: null, ...offered });
  });

  test("is known where the policy names it, whoever offers it", () => {
    expect(wishOf({ model: "llama3.1" })).toMatchObject({ kind: "known", model: "llama3.1" });
  });

  test("is another one elsewhere, and its name goes no further", () => {
    const features = featuresOf({ wish: { model: "my secret plan", requestedProvider: "cloud", offeredBy: [] } });
    expect(features).toMatchObject({ wish: "other", model: null, wishPrice: null, requestedProvider: "cloud" });
    expect(JSON.stringify(features)).not.toContain("plan");
  });

  test.each(["llama3.1", "llama3.1:latest"])(
    "of %s is as the policy spells it, since Ollama takes both for one",
    (name) => {
      for (const spelled of ["llama3.1", "llama3.1:latest"]) {
        const { local, cloud } = PLAIN_DOCUMENT.providers;
        if (local === undefined || cloud === undefined) throw new Error("the plain document has two providers");
        const policy = policyOf({ providers: { local: { ...local, default_model: spelled }, cloud } });
        expect(wishOf({ model: name, offeredBy: ["local"] }, policy).model).toBe(spelled);
      }
      expect(wishOf({ model: "other:latest", offeredBy: ["local"] }).model).toBe("other:latest");
      expect(wishOf({ model: "llama3.1:8b", offeredBy: ["local"] }).model).toBe("llama3.1:8b");
    },
  );

  test("costs what the table says where no provider that offers it has a price of its own", () => {
    const price = defaultPrice("gpt-4o");
    expect(price).not.toBeNull();
    expect(wishOf({ model: "gpt-4o", offeredBy: ["cloud"] }).wishPrice).toEqual(price);
    expect(wishOf({ model: "gpt-4o-mini", offeredBy: ["local"] }).wishPrice).toEqual(defaultPrice("gpt-4o-mini"));
    expect(wishOf({ model: "gpt-4o-mini", offeredBy: ["local", "cloud"] }).wishPrice).toBeNull();
    expect(wishOf({ model: "gpt-4o" })).toEqual({ ...AUTO, kind: "other" });
  });
});

describe("labels", () => {
  const labels: PolicyDocument["labels"] = { team: ["red", "blue"], constructor: ["x"] };
  const labelsOf = (given: Readonly<Record<string, string>>) =>
    featuresOf({ policy: policyOf({ labels }), labels: given }).labels;

  test("are those that the policy declares, with values that it declares", () => {
    expect(labelsOf({ team: "red", region: "eu" })).toEqual({ team: "red" });
    expect(labelsOf({ team: "green" })).toEqual({});
    expect(labelsOf({})).toEqual({});
    expect(Object.entries(labelsOf({ constructor: "x" }))).toEqual([["constructor", "x"]]);
  });

  test("are none where the policy declares none", () => {
    expect(featuresOf({ labels: { team: "red" } }).labels).toEqual({});
  });

  test("stand in the order of the policy", () => {
    const one = JSON.stringify(labelsOf({ team: "red", constructor: "x" }));
    expect(JSON.stringify(labelsOf({ constructor: "x", team: "red" }))).toBe(one);
  });
});
