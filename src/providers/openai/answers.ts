import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ChatRequest, Chunk } from "../../core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { reportedModel } from "../../core/models.ts";
import { failureInStream, malformed, malformedEnd, type Upstream } from "../failures.ts";
import { isShallow } from "../json.ts";
import { messageChunks } from "./message-chunks.ts";
import {
  ChatAnswer,
  ChatDocument,
  CompletionAnswer,
  EmbeddingAnswer,
  EmbeddingDocument,
  endFailure,
  faultOf,
  finishReasonOf,
  type Message,
  speaksOpenAi,
  usageOf,
} from "./protocol.ts";
import { ToolCalls } from "./tool-calls.ts";

/** Of a request whose answer is read: what was asked, of which model, and who answers. */
export type Asked = { readonly request: ChatRequest; readonly model: string; readonly upstream: Upstream };

/** A whole answer: as it came for a client of the same protocol, else in the gateway's words. */
export function answerChunks(answer: JsonValue | undefined, asked: Asked): Chunk[] {
  if (!isShallow(answer)) return [{ kind: "failure", failure: malformed(asked.upstream) }];
  const answerField = asked.request.task.kind === "embedding" ? "data" : "choices";
  const fault = isJsonObject(answer) ? faultOf(answer, answerField) : null;
  if (fault !== null) return [{ kind: "failure", failure: failureInStream(fault, asked.upstream, asked.model) }];
  const chunks = speaksOpenAi(asked.request.surface) ? documentChunks(answer, asked) : taskChunks(answer, asked);
  return chunks ?? [{ kind: "failure", failure: malformed(asked.upstream) }];
}

/** Null where the answer is not in the protocol, as for the functions below. */
function documentChunks(answer: JsonValue | undefined, { request, model, upstream }: Asked): Chunk[] | null {
  if (Value.Check(ChatDocument, answer) && request.task.kind === "chat") {
    return finishedChunks(answer, "chatcmpl", model, upstream);
  }
  if (Value.Check(CompletionAnswer, answer) && request.task.kind === "completion") {
    return finishedChunks(answer, "cmpl", model, upstream);
  }
  if (Value.Check(EmbeddingDocument, answer) && request.task.kind === "embedding") {
    return [document(answer, null, model), end(answer, null, model)];
  }
  return null;
}

/** With any word for how each choice ended the client has one to go by; without, a choice is not at its end. */
function finishedChunks(
  answer: Static<typeof ChatDocument> | CompletionAnswer,
  idPrefix: string,
  model: string,
  upstream: Upstream,
): Chunk[] {
  const reasons = answer.choices.map((choice) => finishReasonOf(choice.finish_reason));
  if (reasons.includes(null)) return [{ kind: "failure", failure: malformedEnd(upstream) }];
  return [document(answer, idPrefix, model), end(answer, reasons[0], model)];
}

function taskChunks(answer: JsonValue | undefined, asked: Asked): Chunk[] | null {
  switch (asked.request.task.kind) {
    case "chat":
      return Value.Check(ChatAnswer, answer) ? chatChunks(answer, asked) : null;
    case "completion":
      return Value.Check(CompletionAnswer, answer) ? completionChunks(answer, asked) : null;
    case "embedding":
      return Value.Check(EmbeddingAnswer, answer) ? embeddingChunks(answer, asked) : null;
  }
}

function chatChunks(answer: ChatAnswer, { request, model, upstream }: Asked): Chunk[] | null {
  const [choice] = answer.choices;
  if (choice === undefined || request.task.kind !== "chat") return null;
  const { message } = choice;
  const reason = finishReasonOf(choice.finish_reason);
  const failure = endFailure(reason, request.surface, upstream);
  if (failure !== null) return [{ kind: "failure", failure }];
  if (isEmpty(message) && reason !== "length" && reason !== "content_filter") return null;
  const showThinking = request.task.thinking !== "none";
  const chunks = messageChunks(message, choice.logprobs?.content ?? [], new ToolCalls(), showThinking);
  return chunks === null ? null : [...chunks, end(answer, reason, model)];
}

/** A message that says nothing at all, not even "", is no answer, unless it was cut before it came to say anything. */
function isEmpty({ content, refusal, reasoning_content, reasoning, tool_calls }: Message): boolean {
  const texts = [content, refusal, reasoning_content, reasoning];
  return !tool_calls?.length && texts.every((text) => text === undefined || text === null);
}

function completionChunks(answer: CompletionAnswer, { request, model, upstream }: Asked): Chunk[] | null {
  const [choice] = answer.choices;
  if (choice === undefined) return null;
  const failure = endFailure(finishReasonOf(choice.finish_reason), request.surface, upstream);
  if (failure !== null) return [{ kind: "failure", failure }];
  const text: Chunk[] = choice.text.length > 0 ? [{ kind: "text", text: choice.text }] : [];
  return [...text, end(answer, choice.finish_reason, model)];
}

/** One vector for each text, in the order of the texts. */
function embeddingChunks(answer: EmbeddingAnswer, { request, model }: Asked): Chunk[] | null {
  if (request.task.kind !== "embedding" || answer.data.length !== request.task.inputs.length) return null;
  const inOrder = answer.data.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
  return [{ kind: "vectors", vectors: inOrder.map(({ embedding }) => embedding) }, end(answer, null, model)];
}

type Head = { readonly id?: string | null; readonly model?: string | null };

/** With the id and the model that clients read, where the server left them out. `idPrefix`: null where there is no id. */
function document(answer: Head & JsonObject, idPrefix: string | null, model: string): Chunk {
  const id = idPrefix === null ? {} : { id: answer.id || `${idPrefix}-${crypto.randomUUID()}` };
  return { kind: "document", body: { ...answer, ...id, model: answer.model || model } };
}

function end(answer: Head & { readonly usage?: JsonValue }, reason: string | null | undefined, model: string): Chunk {
  return {
    kind: "end",
    model: reportedModel(answer.model ?? undefined, model),
    finishReason: finishReasonOf(reason),
    usage: usageOf(answer.usage),
  };
}
