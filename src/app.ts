import { Elysia } from "elysia";
import type { Deps } from "./gateway/deps.ts";
import { auditRoutes } from "./http/audit.ts";
import { takeBody } from "./http/body-budget.ts";
import { chatRoutes } from "./http/chat.ts";
import { decideRoutes } from "./http/decide.ts";
import { docsRoutes } from "./http/docs.ts";
import { errorHandling } from "./http/errors.ts";
import { logRoutes } from "./http/log.ts";
import { requireLoopback, requireUrl } from "./http/loopback-host.ts";
import { modelRoutes } from "./http/models.ts";
import { ollamaCatalogRoutes, ollamaRoutes } from "./http/ollama.ts";
import { openaiRoutes } from "./http/openai.ts";
import { policyRoutes } from "./http/policy.ts";
import { providerRoutes } from "./http/providers.ts";
import { requestIdOf } from "./http/request-id.ts";
import { type Metrics, systemRoutes } from "./http/system.ts";

export type AppOptions = {
  readonly deps: Deps;
  readonly metrics: Metrics;
  readonly maxBodyBytes: number;
  readonly version: string;
  readonly isDraining: () => boolean;
  /** Whether only requests to a loopback name are answered; see `requireLoopback`. */
  readonly loopbackOnly: boolean;
};

/** Every route there is. Never listens: a test calls `handle`, a server is given `fetch`. */
export function buildApp({ deps, metrics, maxBodyBytes, version, isDraining, loopbackOnly }: AppOptions) {
  // Elysia would drop fields that a schema does not know; a client must hear of them instead.
  const app = new Elysia({ normalize: false });
  return (
    app
      .onRequest(({ request, set }) => {
        set.headers["x-request-id"] = requestIdOf(request);
        const url = requireUrl(request);
        if (loopbackOnly) requireLoopback(url);
      })
      // Of those that nobody took: an answer of a model holds its request's body to its end.
      .onAfterResponse(({ request }) => takeBody(request).release())
      .use(errorHandling(deps.telemetry, () => app.routes))
      .use(docsRoutes(version))
      .use(systemRoutes(deps, metrics, isDraining))
      .use(providerRoutes(deps))
      .use(policyRoutes(deps))
      .use(decideRoutes(deps, maxBodyBytes))
      .use(auditRoutes(deps, maxBodyBytes))
      .use(logRoutes(deps))
      .use(chatRoutes(deps, maxBodyBytes))
      .use(openaiRoutes(deps, maxBodyBytes))
      .use(modelRoutes(deps))
      .use(ollamaRoutes(deps, maxBodyBytes))
      .use(ollamaCatalogRoutes(deps, maxBodyBytes))
  );
}
