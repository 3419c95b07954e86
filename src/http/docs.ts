import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import faviconFile from "swagger-ui-dist/favicon-32x32.png" with { type: "file" };
import cssFile from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import scriptFile from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };

/** The page needs nothing from elsewhere and may reach nothing else: it is used where there is no internet. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Policy Mesh API</title>
    <link rel="icon" href="/docs/assets/favicon.png">
    <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/assets/swagger-ui-bundle.js"></script>
    <script src="/docs/assets/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: "/docs/json",
  dom_id: "#swagger-ui",
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

/**
 * The OpenAPI document at `/docs/json`, made from the routes' schemas by the plugin, and Swagger UI at `/docs`. The
 * plugin's own page loads its script from a CDN, so the page is ours and comes after it.
 */
export function docsRoutes(version: string) {
  const asset = (file: string, type: string) => () =>
    new Response(Bun.file(file), { headers: { "content-type": type, "cache-control": "public, max-age=3600" } });
  const hidden = { detail: { hide: true } };
  return new Elysia({ name: "policy-mesh/docs" })
    .use(
      swagger({
        path: "/docs",
        specPath: "/docs/json",
        documentation: {
          ...OPENAPI_3_1,
          info: { title: "Policy Mesh", version, description: DESCRIPTION },
          tags: TAGS,
        },
      }),
    )
    .get("/docs", () => new Response(PAGE, { headers: pageHeaders("text/html; charset=utf-8") }), hidden)
    .get("/docs/assets/start.js", () => new Response(START, { headers: pageHeaders("text/javascript") }), hidden)
    .get("/docs/assets/swagger-ui-bundle.js", asset(scriptFile, "text/javascript"), hidden)
    .get("/docs/assets/swagger-ui.css", asset(cssFile, "text/css"), hidden)
    .get("/docs/assets/favicon.png", asset(faviconFile, "image/png"), hidden);
}

const pageHeaders = (type: string) => ({
  "content-type": type,
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
});

/** The schemas are JSON Schema, which OpenAPI takes as it is from 3.1 on; the plugin would say 3.0.3. */
const OPENAPI_3_1 = { openapi: "3.1.0" };
const DESCRIPTION =
  "Local-first AI gateway: routes chat requests between a local model and the cloud by policy, with one audit event each.";
const TAGS = [
  { name: "chat", description: "Ask a model." },
  { name: "openai", description: "For clients of the OpenAI protocol." },
  { name: "ollama", description: "For clients of Ollama's protocol." },
  { name: "audit", description: "What is on record." },
  { name: "policy", description: "What decides." },
  { name: "operations", description: "For probes and dashboards." },
];
