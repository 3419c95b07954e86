import { Elysia } from "elysia";
import type { JsonObject } from "../core/json.ts";
import { withOllamaTag } from "../core/models.ts";
import { REASONS } from "../core/reasons.ts";
import type { Deps, Providers } from "../gateway/deps.ts";
import { providerOfWish } from "../gateway/plan.ts";
import { OLLAMA } from "./dialect.ts";
import { usable } from "./models.ts";
import { localShowBody, modelToShow, psBody, remoteShowBody, tagsBody, versionBody } from "./ollama-catalog.ts";
import { Refusal } from "./problem.ts";
import { openBody } from "./schemas/literals.ts";
import { OLLAMA_ANSWER_PROBLEMS, OLLAMA_PROBLEMS } from "./schemas/ollama-problem.ts";
import { OllamaShowBody } from "./schemas/ollama-show.ts";
import { surfaceHandler } from "./surface-route.ts";
import { ollamaChat } from "./translate/ollama-chat.ts";
import { ollamaEmbed, ollamaEmbeddings } from "./translate/ollama-embed.ts";
import { ollamaGenerate } from "./translate/ollama-generate.ts";
import { bodyReader } from "./validation.ts";

/** Ollama's ways to ask a model. */
export function ollamaRoutes(deps: Deps, maxBytes: number) {
  const options = { maxBytes, anyType: true };
  return new Elysia({ name: "policy-mesh/ollama" })
    .post("/api/chat", surfaceHandler(deps, ollamaChat, OLLAMA), {
      body: ollamaChat.body,
      parse: [bodyReader(ollamaChat.body, options), "json"],
      response: {
        ...OLLAMA_ANSWER_PROBLEMS,
        200: openBody("A message; NDJSON, a record a line, unless `stream` is false."),
      },
      detail: detail("Chat", "Ollama's chat; a stream of NDJSON unless `stream` is false."),
    })
    .post("/api/generate", surfaceHandler(deps, ollamaGenerate, OLLAMA), {
      body: ollamaGenerate.body,
      parse: [bodyReader(ollamaGenerate.body, options), "json"],
      response: {
        ...OLLAMA_ANSWER_PROBLEMS,
        200: openBody("A completion; NDJSON, a record a line, unless `stream` is false."),
      },
      detail: detail("Generate", "Ollama's generate; a stream of NDJSON unless `stream` is false."),
    })
    .post("/api/embed", surfaceHandler(deps, ollamaEmbed, OLLAMA), {
      body: ollamaEmbed.body,
      parse: [bodyReader(ollamaEmbed.body, options), "json"],
      response: { ...OLLAMA_ANSWER_PROBLEMS, 200: openBody("The vectors.") },
      detail: detail("Embed", "Ollama's embeddings; by the model named, or not at all."),
    })
    .post("/api/embeddings", surfaceHandler(deps, ollamaEmbeddings, OLLAMA), {
      body: ollamaEmbeddings.body,
      parse: [bodyReader(ollamaEmbeddings.body, options), "json"],
      response: { ...OLLAMA_ANSWER_PROBLEMS, 200: openBody("The vector.") },
      detail: detail("Embedding", "The older form of embed, for one text."),
    });
}

/** What Ollama clients ask about server and models before they ask a model. */
export function ollamaCatalogRoutes(providers: Providers, maxBytes: number) {
  return new Elysia({ name: "policy-mesh/ollama-catalog" })
    .get("/", () => new Response("Ollama is running", { headers: { "content-type": "text/plain; charset=utf-8" } }), {
      detail: {
        ...detail("Greeting", "What Ollama clients ask for to see that a server is there."),
        responses: { 200: { description: "Greeting", content: { "text/plain": { schema: { type: "string" } } } } },
      },
    })
    .get("/api/version", versionBody, {
      parse: "json",
      response: { ...OLLAMA_PROBLEMS, 200: openBody("The version.") },
      detail: detail("Version", "The version whose protocol is spoken."),
    })
    .get("/api/tags", () => listTags(providers), {
      parse: "json",
      response: { ...OLLAMA_PROBLEMS, 200: openBody("The models.") },
      detail: detail("Models", "`auto`, the local models by name, the cloud provider's as `openai/NAME`."),
    })
    .get("/api/ps", async () => psBody(await providers.local.running()), {
      parse: "json",
      response: { ...OLLAMA_PROBLEMS, 200: openBody("The models in memory.") },
      detail: detail("Running models", "Those that the local server has in memory."),
    })
    .post("/api/show", ({ body }) => show(providers, body), {
      body: OllamaShowBody,
      parse: [bodyReader(OllamaShowBody, { maxBytes, anyType: true }), "json"],
      response: { ...OLLAMA_PROBLEMS, 200: openBody("What is known of the model.") },
      detail: detail("Model", "Details and capabilities of a model; no template, licence or file path."),
    })
    .use(managementRoutes());
}

async function listTags(providers: Providers): Promise<JsonObject> {
  const [local, cloud] = await Promise.all([usable(providers.local), usable(providers.openai)]);
  return tagsBody({ local, cloud });
}

async function show(providers: Providers, body: OllamaShowBody): Promise<JsonObject> {
  const wish = modelToShow(body);
  if (wish === null) return remoteShowBody(null);
  const [local, cloud] = await Promise.all([usable(providers.local), usable(providers.openai)]);
  if (providerOfWish(wish, providers) === "openai") {
    if (cloud.some(({ name }) => name === wish.model)) return remoteShowBody(wish);
  } else if (local.some(({ name }) => name === withOllamaTag(wish.model))) {
    const described = await providers.local.describe(wish.model);
    if (described !== null) return localShowBody(described);
  }
  throw new Refusal("request.model_not_found", REASONS["request.model_not_found"].meaning, { field: "model" });
}

/** Whoever may ask models must not change which there are for everybody. */
function managementRoutes() {
  const refuse = () => {
    throw new Refusal("request.management_refused", REASONS["request.management_refused"].meaning);
  };
  const problem = {
    type: "object" as const,
    properties: { error: { type: "string" as const } },
    required: ["error"],
  };
  const refused = {
    detail: {
      ...detail("Refused", "Models are managed on the Ollama server itself."),
      responses: { 403: { description: "Always.", content: { "application/json": { schema: problem } } } },
    },
  };
  return new Elysia({ name: "policy-mesh/ollama-management" })
    .post("/api/pull", refuse, refused)
    .post("/api/create", refuse, refused)
    .post("/api/push", refuse, refused)
    .post("/api/copy", refuse, refused)
    .delete("/api/delete", refuse, refused)
    .post("/api/blobs/:digest", refuse, refused);
}

const detail = (summary: string, description: string) => ({ summary, description, tags: ["ollama"] });
