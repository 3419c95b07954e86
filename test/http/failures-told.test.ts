import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FailingGateway, failingGateway, failureDocument, type Temper } from "../support/failing-gateway.ts";
import { type FaultServer, startFaultServer } from "../support/fault-server.ts";
import { SURFACE_VIEWS, type ViewedSurface } from "../support/surface-views.ts";

/** What callers are told where nobody else could answer: the second table of docs/explanation/failures.md. */

type Told = {
  readonly play: string;
  readonly temper?: Temper;
  readonly code: string;
  /** Of the native surface, and of those of the OpenAI and Ollama protocols. */
  readonly status: readonly [native: number, compatible: number];
  /** The code that an SDK of OpenAI reads, where that is not `code`. */
  readonly openAiCode?: string;
  readonly retry: boolean;
};

const TABLE: readonly Told[] = [
  {
    play: "limited-long",
    code: "provider.rate_limited",
    status: [502, 429],
    openAiCode: "rate_limit_exceeded",
    retry: true,
  },
  { play: "fails-500", code: "provider.upstream_error", status: [502, 502], retry: true },
  { play: "fails-529", code: "provider.upstream_error", status: [502, 502], retry: true },
  { play: "fails-504", code: "provider.timeout", status: [504, 504], retry: false },
  { play: "resets", code: "provider.unreachable", status: [502, 502], retry: true },
  { play: "silent", temper: "hasty", code: "provider.timeout", status: [504, 504], retry: false },
  { play: "opening-only", temper: "hasty", code: "provider.timeout", status: [504, 504], retry: false },
  {
    play: "too-long",
    code: "provider.context_length",
    status: [502, 400],
    openAiCode: "context_length_exceeded",
    retry: false,
  },
  {
    play: "filtered",
    code: "provider.content_filter",
    status: [502, 400],
    openAiCode: "content_filter",
    retry: false,
  },
  { play: "refused", code: "provider.bad_request", status: [502, 400], retry: false },
  {
    play: "not-found",
    code: "provider.model_not_found",
    status: [502, 404],
    openAiCode: "model_not_found",
    retry: false,
  },
  { play: "html", code: "provider.malformed_response", status: [502, 502], retry: true },
  { play: "huge-header", code: "provider.malformed_response", status: [502, 502], retry: true },
  { play: "unauthorized", code: "provider.authentication", status: [502, 502], retry: false },
];

const SURFACES = Object.keys(SURFACE_VIEWS) as ViewedSurface[];

let server: FaultServer;
let gateway: FailingGateway;
beforeAll(async () => {
  server = await startFaultServer();
  gateway = await failingGateway(server, failureDocument(server, { alone: true }));
});
afterAll(() => server.stop());

describe("a request that nobody answers", () => {
  test.each(TABLE.map((told) => [told.play, told] as const))("%s", async (_, told) => {
    const { play, temper = "patient", code, status, openAiCode = code, retry } = told;
    for (const streamed of [false, true]) {
      gateway.forgets();
      // A provider that refused the credentials is asked by nobody else.
      const surfaces = play === "unauthorized" ? SURFACES.slice(0, 1) : SURFACES;
      await Promise.all(
        surfaces.map(async (surface) => {
          const model = server.model(`${play}:${surface}-${streamed}`);
          const { view, outcome } = await gateway.asks(surface, `${temper}-openai/${model}`, streamed);
          const isNative = surface === "native";
          const errorCode = isNative ? code : surface.startsWith("openai_") ? openAiCode : null;
          expect({ surface, status: view.status, code: view.error?.code, body: view.text }).toEqual({
            surface,
            status: status[isNative ? 0 : 1],
            code: errorCode,
            body: "",
          });
          expect(view.isComplete).toBe(false);
          expect(view.headers.get("content-type")).toStartWith("application/json");
          expect(view.headers.get("x-should-retry")).toBe(`${retry}`);
          expect(view.headers.get("x-policy-mesh-reason-codes")).toBe(`named,${code}`);
          expect(view.headers.get("x-policy-mesh-provider")).toBe(`${temper}-openai`);
          expect(`${outcome?.status} provider.${outcome?.failureCategory}`).toBe(`failed ${code}`);
          if (play === "limited-long") {
            // A moment has passed since the provider said 3000 seconds.
            expect(Number(view.headers.get("retry-after"))).toBeWithin(2_900, 3_001);
          }
        }),
      );
    }
  });
});

/** What those meet who come after one that a provider told to stay away for fifty minutes. */
const LEFT_ALONE: readonly Told[] = [
  {
    play: "limited-long",
    code: "provider.rate_limited",
    status: [502, 429],
    openAiCode: "rate_limit_exceeded",
    retry: true,
  },
  { play: "unavailable-long", code: "provider.paused", status: [503, 503], retry: true },
];

describe("a request whose provider asked one before it to be left alone", () => {
  test.each(LEFT_ALONE.map((told) => [told.play, told] as const))("%s", async (play, told) => {
    gateway.forgets();
    const { code, status, openAiCode = code, retry } = told;
    const provider = "patient-openai";
    const model = server.model(`${play}:left-alone`);
    await gateway.looksUp();
    await gateway.asks("native", `${provider}/${model}`);
    for (const surface of SURFACES) {
      for (const streamed of [false, true]) {
        const { view, outcome } = await gateway.asks(surface, `${provider}/${model}`, streamed);
        const isNative = surface === "native";
        expect([surface, view.status, view.error?.code ?? null]).toEqual([
          surface,
          status[isNative ? 0 : 1],
          isNative ? code : surface.startsWith("openai_") ? openAiCode : null,
        ]);
        expect(view.headers.get("x-should-retry")).toBe(`${retry}`);
        expect(view.headers.get("x-policy-mesh-reason-codes")).toBe(`named,${code}`);
        expect(view.headers.get("x-policy-mesh-attempts")).toBe("0");
        // They come back one after another within a second.
        expect(Number(view.headers.get("retry-after"))).toBeWithin(2_900, 3_002);
        // On record is that it was left alone, however its caller was told.
        expect(outcome).toMatchObject({
          status: "failed",
          provider: null,
          failureCategory: "paused",
          attempts: [{ provider, model, result: "paused" }],
        });
      }
    }
    expect(server.calls(model)).toHaveLength(1);
    const asked_by = play === "limited-long" ? "rate_limited" : "upstream_error";
    expect(await (await gateway.send("/v1/ready")).json()).toHaveProperty(["dependencies", provider, "pauses"], {
      [model]: expect.any(Number),
    });
    expect(await (await gateway.send("/v1/providers")).json()).toMatchObject({
      providers: expect.arrayContaining([
        expect.objectContaining({ id: provider, pauses: [{ model, asked_by, tries_again_in_ms: expect.any(Number) }] }),
      ]),
    });
    for (const { leftMs } of gateway.statusOf(provider).pauses) expect(leftMs).toBeWithin(2_900_000, 3_000_001);
  });
});

/** How each protocol says in the middle of a stream that it will not come to its end. */
const AMID: Readonly<Record<ViewedSurface, readonly [has: string, hasNot: readonly string[]]>> = {
  native: ["event: error\ndata: ", ["event: done"]],
  openai_chat: ['data: {"error":', ["[DONE]", '"finish_reason":"']],
  openai_completions: ['data: {"error":', ["[DONE]", '"finish_reason":"']],
  openai_responses: ["event: response.failed", ["response.completed", "response.incomplete"]],
  ollama_chat: ['{"error":"', ['"done":true']],
  ollama_generate: ['{"error":"', ['"done":true']],
};

describe.each(["openai", "ollama"] as const)("a stream by %s that breaks off after it began", (kind) => {
  test.each(["cut-reset", "cut-close", "cut-clean", "cut-unframed", "error-late", "no-finish", "malformed-cut"])(
    "%s",
    async (play) => {
      gateway.forgets();
      for (const surface of SURFACES) server.model(`${play}:${surface}-amid`);
      await gateway.looksUp();
      await Promise.all(
        SURFACES.map(async (surface) => {
          const { view, outcome } = await gateway.asks(surface, `patient-${kind}/${play}:${surface}-amid`, true);
          const [has, hasNot] = AMID[surface];
          expect([surface, view.status, view.isComplete, view.isCut]).toEqual([surface, 200, false, false]);
          expect(view.text).not.toBe("");
          expect(view.body).toContain(has);
          for (const ending of hasNot) expect(view.body).not.toContain(ending);
          expect([outcome?.status, outcome?.attempts.length]).toEqual(["failed", 1]);
        }),
      );
    },
  );
});
