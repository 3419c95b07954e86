import { Elysia } from "elysia";
import type { Provider } from "../core/provider.ts";
import type { Deps } from "../gateway/deps.ts";
import { COMMON_PROBLEMS } from "./schemas/problem.ts";
import { HealthBody, ReadyBody, RoutesBody } from "./schemas/system.ts";

/** A probe may come every second from every replica's neighbour; providers are asked less often. */
const PROVIDER_STATE_MAX_AGE_MS = 5_000;

export type Metrics = { readonly contentType: string; readonly metrics: () => Promise<string> };

// `parse: "json"` on routes without a body is how the OpenAPI plugin learns that the answer is JSON.

/** What operators and their tools ask: is it alive, may it get traffic, what does it do, how does it fare. */
export function systemRoutes(deps: Deps, metrics: Metrics, isDraining: () => boolean) {
  return new Elysia({ name: "policy-mesh/system" })
    .get("/v1/health", () => ({ status: "ok" as const }), {
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: HealthBody },
      detail: { summary: "Alive", description: "Consults nothing; for liveness probes.", tags: ["operations"] },
    })
    .get(
      "/v1/ready",
      async ({ set }) => {
        const body = await readiness(deps, isDraining());
        set.status = body.status === "ready" ? 200 : 503;
        return body;
      },
      {
        parse: "json",
        response: { ...COMMON_PROBLEMS, 200: ReadyBody, 503: ReadyBody },
        detail: {
          summary: "Ready",
          description:
            "503 while the gateway must not get traffic: the database is away, or it is shutting down. Providers are reported and do not gate.",
          tags: ["operations"],
        },
      },
    )
    .get("/v1/routes", () => effectivePolicy(deps), {
      parse: "json",
      response: { ...COMMON_PROBLEMS, 200: RoutesBody },
      detail: {
        summary: "Effective policy",
        description: "The rules in force, in order. Shows no keywords and no secrets.",
        tags: ["policy"],
      },
    })
    .get(
      "/v1/metrics",
      async () => new Response(await metrics.metrics(), { headers: { "content-type": metrics.contentType } }),
      {
        detail: {
          summary: "Metrics",
          description: "Prometheus text format 0.0.4.",
          tags: ["operations"],
          responses: { 200: { description: "Metrics", content: { "text/plain": { schema: { type: "string" } } } } },
        },
      },
    );
}

async function readiness(deps: Deps, draining: boolean): Promise<ReadyBody> {
  const [database, local, openai] = await Promise.all([
    deps.audit.check(),
    providerState(deps.providers.local),
    providerState(deps.providers.openai),
  ]);
  return {
    status: database.ok && !draining ? "ready" : "unready",
    dependencies: {
      database: {
        state: database.ok ? "up" : "down",
        required: true,
        detail: database.ok ? null : database.error.message,
      },
      local,
      openai,
    },
  };
}

async function providerState(provider: Provider): Promise<ReadyBody["dependencies"]["local"]> {
  const state = await provider.check(PROVIDER_STATE_MAX_AGE_MS);
  if (state.status === "up") return { state: "up", required: false, detail: null };
  const detail = state.status === "down" ? state.failure.message : "No answer yet.";
  return { state: "down", required: false, detail };
}

type Rule = RoutesBody["rules"][number];

const staysLocal = (when: string, reason: Rule["reason"]): Rule => ({
  when,
  route: ["local"],
  forbidden_zones: ["cloud"],
  reason,
});
const DATA_RULE = staysLocal("personal data or credentials stand anywhere in the request", "sensitive_data_match");
const OPAQUE_RULE = staysLocal("some content is no text: an image, audio, a file, token numbers", "scan.opaque_part");

function effectivePolicy({ policy, scanOptions, providers }: Deps): RoutesBody {
  const { keywords, detectSensitiveData, patterns = [] } = scanOptions;
  return {
    policy: "built-in",
    rules: [
      staysLocal(
        `any of ${keywords.length} sensitivity keywords stands anywhere in the request`,
        "sensitive_keyword_match",
      ),
      ...(detectSensitiveData || patterns.length > 0 ? [DATA_RULE] : []),
      staysLocal("some text cannot be scanned in reasonable time", "scan.budget_exceeded"),
      ...(policy.opaqueContentToCloud ? [] : [OPAQUE_RULE]),
      {
        when: "it asks for an embedding by a model of the cloud provider",
        route: ["openai"],
        forbidden_zones: [],
        reason: "embedding_model",
      },
      { when: "it asks for any other embedding", route: ["local"], forbidden_zones: [], reason: "embedding_model" },
      {
        when: `the prompt is nothing but text, of at most ${policy.maxPromptLengthForLocal} characters`,
        route: ["local"],
        forbidden_zones: [],
        reason: "cost_prefer_local",
      },
      { when: "otherwise", route: [policy.defaultProvider], forbidden_zones: [], reason: "default" },
    ],
    providers: Object.values(providers).map((provider) => ({
      id: provider.id,
      zone: provider.zone,
      default_model: provider.defaultModel,
    })),
  };
}
