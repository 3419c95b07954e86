import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { Logprob, ProviderFailure, Usage } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { isOllamaCloudName } from "../../core/models.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { failureInStream, malformed } from "../failures.ts";
import { isShallow } from "../json.ts";
import { tokenCount } from "../token-count.ts";
import { type OllamaUpstream, remoteModel } from "./upstream.ts";

/** Ollama leaves out what is empty; other servers that speak its protocol write null. */
const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const Json = Type.Unsafe<JsonObject>(Type.Record(Type.String(), Type.Unknown()));

/** What counts no tokens is no reason to refuse the answer beside it. */
const Count = Type.Optional(Type.Unknown());
const Counts = { model: maybe(Type.String()), prompt_eval_count: Count, eval_count: Count };

const Said = {
  thinking: maybe(Type.String()),
  tool_calls: maybe(
    Type.Array(
      Type.Object({
        id: maybe(Type.String()),
        function: Type.Object({ name: Type.String(), arguments: maybe(Json) }),
      }),
    ),
  ),
};
const SaidObject = Type.Object(Said);
type Said = Static<typeof SaidObject>;

const Head = {
  ...Counts,
  done: Type.Boolean(),
  done_reason: maybe(Type.String()),
  logprobs: maybe(Type.Array(Json)),
};
const HeadObject = Type.Object(Head);
type Head = Static<typeof HeadObject>;

// Compiled, since every line of a stream is checked.
const ChatRecord = TypeCompiler.Compile(
  Type.Object({ ...Head, message: Type.Object({ ...Said, content: maybe(Type.String()) }) }),
);
const GenerateRecord = TypeCompiler.Compile(
  Type.Object({ ...Head, ...Said, response: Type.Union([Type.String(), Type.Null()]) }),
);
const EmbedAnswer = TypeCompiler.Compile(Type.Object({ ...Counts, embeddings: Type.Array(Type.Array(Type.Number())) }));
const EmbeddingsAnswer = TypeCompiler.Compile(Type.Object({ ...Counts, embedding: Type.Array(Type.Number()) }));

export type RecordedCall = { readonly id: string | null; readonly name: string; readonly arguments: JsonObject };

/** A record of `/api/chat` or `/api/generate`: a line of a stream, or a whole answer. */
export type GenerationRecord = {
  readonly model: string | undefined;
  readonly done: boolean;
  readonly doneReason: string | null;
  readonly usage: Usage;
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly RecordedCall[];
  readonly logprobs: readonly Logprob[];
};

export type EmbeddingAnswer = {
  readonly model: string | undefined;
  readonly usage: Usage;
  readonly vectors: readonly (readonly number[])[];
};

/**
 * INVARIANT: local means local. A server sets `remote_model` and `remote_host`, which the SDK's types do not have,
 * where a hosted service answers in its place.
 */
export function isRemote(name: string, fields: JsonObject): boolean {
  return isOllamaCloudName(name) || Boolean(fields["remote_model"]) || Boolean(fields["remote_host"]);
}

/** Of what `JSON.parse` gave. */
export const isParsedObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a server sent, held to be an object that reports no error and was not made elsewhere. */
export function readLocal(
  value: unknown,
  model: string,
  upstream: OllamaUpstream,
): Result<JsonObject, ProviderFailure> {
  if (!isParsedObject(value)) return err(malformed(upstream));
  const name = value["model"];
  if (isRemote(typeof name === "string" ? name : model, value)) return err(remoteModel(model, upstream));
  if (!isShallow(value)) return err(malformed(upstream));
  const error = value["error"];
  if (error === undefined || error === null) return ok(value);
  return err(failureInStream(typeof error === "string" ? error : JSON.stringify(error), upstream, model));
}

export function readRecord(endpoint: "chat" | "generate", value: JsonObject): GenerationRecord | null {
  if (endpoint === "chat") {
    return ChatRecord.Check(value) ? toRecord(value, value.message, value.message.content ?? "") : null;
  }
  return GenerateRecord.Check(value) ? toRecord(value, value, value.response ?? "") : null;
}

/** Whether a record says anything of the answer itself. */
export const hasContent = ({ text, thinking, toolCalls, logprobs }: GenerationRecord): boolean =>
  text !== "" || thinking !== "" || toolCalls.length > 0 || logprobs.length > 0;

export function readEmbedding(endpoint: "embed" | "embeddings", value: JsonObject): EmbeddingAnswer | null {
  if (endpoint === "embed") {
    return EmbedAnswer.Check(value) ? { ...embedded(value), vectors: value.embeddings } : null;
  }
  return EmbeddingsAnswer.Check(value) ? { ...embedded(value), vectors: [value.embedding] } : null;
}

/** Nothing is completed, so nothing is counted. */
function embedded(counts: Pick<Head, "model" | "prompt_eval_count">) {
  const usage: Usage = { promptTokens: tokenCount(counts.prompt_eval_count), completionTokens: null };
  return { model: counts.model ?? undefined, usage };
}

function toRecord(head: Head, said: Said, text: string): GenerationRecord {
  return {
    ...reported(head),
    done: head.done,
    doneReason: head.done_reason ?? null,
    text,
    thinking: said.thinking ?? "",
    toolCalls: (said.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
      id: id === "" ? null : (id ?? null),
      name,
      arguments: given ?? {},
    })),
    logprobs: head.logprobs ?? [],
  };
}

/**
 * A count of 0 is left out, so no completion tokens beside some prompt tokens are none. The other way round it is not
 * so: every prompt has tokens, and older servers left the count out where the prompt was still in their cache.
 */
function reported(counts: Pick<Head, "model" | "prompt_eval_count" | "eval_count">) {
  const promptTokens = tokenCount(counts.prompt_eval_count);
  const isLeftOut = counts.eval_count === undefined || counts.eval_count === null;
  const completionTokens = isLeftOut && promptTokens !== null ? 0 : tokenCount(counts.eval_count);
  return { model: counts.model ?? undefined, usage: { promptTokens, completionTokens } };
}
