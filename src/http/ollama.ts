import { Elysia } from "elysia";
import type { JsonObject } from "../core/json.ts";
import { REASONS } from "../core/reasons.ts";
import type { ActivePolicy } from "../gateway/active-policy.ts";
import type { Deps } from "../gateway/deps.ts";
import { isSameModel, type KnownProvider, knownProviders, providerOfWish, readModelName } from "../gateway/wish.ts";
import { OLLAMA } from "./dialect.ts";
import { usable } from "./models.ts";
import {
  type Catalog,
  clientNames,
  localShowBody,
  modelToShow,
  psBody,
  remoteShowBody,
  tagsBody,
  versionBody,
} from "./ollama-catalog.ts";
import { Refusal } from "./problem.ts";
import { openBody } from "./schemas/literals.ts";
import { OLLAMA_ANSWER_PROBLEMS, OLLAMA_BODY_PROBLEMS, OLLAMA_PROBLEMS } from "./schemas/ollama-problem.ts";
import { OllamaShowBody } from "./schemas/ollama-show.ts";
import { streamedAnswers } from "./schemas/streamed.ts";
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
      detail: {
        ...detail("Chat", "Ollama's chat; a stream of NDJSON unless `stream` is false."),
        responses: streamed("A message; NDJSON, a record a line, unless `stream` is false."),
      },
    })
    .post("/api/generate", surfaceHandler(deps, ollamaGenerate, OLLAMA), {
      body: ollamaGenerate.body,
      parse: [bodyReader(ollamaGenerate.body, options), "json"],
      detail: {
        ...detail("Generate", "Ollama's generate; a stream of NDJSON unless `stream` is false."),
        responses: streamed("A completion; NDJSON, a record a line, unless `stream` is false."),
      },
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
export function ollamaCatalogRoutes({ active }: Pick<Deps, "active">, maxBytes: number) {
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
    .get("/api/tags", async () => tagsBody(await catalogs(active(), usable)), {
      parse: "json",
      response: { ...OLLAMA_PROBLEMS, 200: openBody("The models.") },
      detail: detail(
        "Models",
        "`auto`, the models of the first Ollama provider by name, all others as `PROVIDER/NAME`.",
      ),
    })
    .get("/api/ps", async () => psBody(await catalogs(active(), ({ provider }) => provider.running())), {
      parse: "json",
      response: { ...OLLAMA_PROBLEMS, 200: openBody("The models in memory.") },
      detail: detail("Running models", "Those that Ollama servers have in memory."),
    })
    .post("/api/show", ({ body }) => show(active(), body), {
      body: OllamaShowBody,
      parse: [bodyReader(OllamaShowBody, { maxBytes, anyType: true }), "json"],
      response: { ...OLLAMA_BODY_PROBLEMS, 200: openBody("What is known of the model.") },
      detail: detail("Model", "Details and capabilities of a model; no template, licence or file path."),
    })
    .use(managementRoutes());
}

/** One for each provider, those of Ollama first. */
async function catalogs<T>(
  active: ActivePolicy,
  modelsOf: (known: KnownProvider) => Promise<readonly T[]>,
): Promise<readonly Catalog<T>[]> {
  const known = knownProviders(active);
  const ids = known.map(({ spec }) => spec.id);
  const isOllama = ({ spec }: KnownProvider) => spec.kind === "ollama";
  const inOrder = [...known.filter(isOllama), ...known.filter((one) => !isOllama(one))];
  return Promise.all(
    inOrder.map(async (one, index) => ({
      isOllama: isOllama(one),
      nameOf: clientNames(one.spec.id, index === 0 && isOllama(one), ids),
      models: await modelsOf(one),
    })),
  );
}

async function show(active: ActivePolicy, body: OllamaShowBody): Promise<JsonObject> {
  const name = modelToShow(body);
  if (name === null) return remoteShowBody(null);
  const wish = readModelName(name, "ollama_chat", active);
  const known = knownProviders(active);
  const asked = providerOfWish(wish, active) ?? known.find(({ spec }) => spec.kind === "ollama")?.spec.id;
  const one = known.find(({ spec }) => spec.id === asked);
  const isThere =
    one !== undefined && (await usable(one)).some((model) => isSameModel(one.spec, model.name, wish.model));
  if (isThere && one.spec.kind !== "ollama") return remoteShowBody(wish.model);
  const described = isThere ? await one.provider.describe(one.spec.wishes.get(wish.model) ?? wish.model) : null;
  if (described !== null) return localShowBody(described);
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
const streamed = (description: string) =>
  streamedAnswers("application/x-ndjson", { ...OLLAMA_ANSWER_PROBLEMS, 200: openBody(description) });
