import type { Static, TSchema } from "@sinclair/typebox";
import type { JsonObject } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { AnswerError, AnswerHead } from "../gateway/chat-result.ts";
import type { Deps } from "../gateway/deps.ts";
import { type Admitted, admit, answerStream, answerWhole, type Refused } from "../gateway/handle-chat.ts";
import { headersOf, overheadHeader, retryHeaders } from "./answer-headers.ts";
import type { Dialect } from "./dialect.ts";
import { labelsOf } from "./labels.ts";
import { Refusal } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { streamBody } from "./stream-body.ts";
import type { AnswerContext, StreamEncoder, SurfaceTranslation } from "./surface.ts";
import { within } from "./within.ts";

/**
 * How long the first chunk of a stream is waited for before the headers go out: a provider that fails sooner is told by
 * the status, and a client that waits longer sees that somebody is there.
 */
const HEADERS_AFTER_MS = 10_000;

/** Answers one request of a surface: the same for all of them. */
export function surfaceHandler<S extends TSchema>(
  deps: Deps,
  translation: SurfaceTranslation<S>,
  dialect: Dialect,
): (context: { readonly body: Static<S>; readonly request: Request }) => Promise<Response> {
  return async ({ body, request: httpRequest }) => {
    const receivedAt = deps.now();
    const startedMs = deps.monotonicMs();
    const request = translation.toRequest(body);
    const labels = labelsOf(httpRequest, deps.labelsHeader);
    const call = { requestId: requestIdOf(httpRequest), signal: httpRequest.signal, labels };

    const admitted = await admit(deps, request, call);
    if (admitted.kind === "abandoned") throw new Refusal(admitted.error.code, admitted.error.message);
    if (admitted.kind === "refused") return refusalResponse(admitted, dialect);
    const contextOf = (head: AnswerHead): AnswerContext => ({
      request,
      head,
      receivedAt,
      model: head.model ?? "",
      elapsedMs: () => deps.monotonicMs() - startedMs,
    });
    const { toStream } = translation;
    if (request.streamed && toStream !== null) {
      return streamResponse(deps, admitted, (head) => toStream(contextOf(head)), dialect);
    }
    const answered = await answerWhole(deps, admitted, (answer, head) =>
      rendered(() => translation.toAnswer(answer, contextOf(head))),
    );
    if (answered.kind === "refused") return refusalResponse(answered, dialect);
    const headers = { ...headersOf(answered.head, null), ...overheadHeader(answered.overheadMs) };
    return new Response(answered.body, { headers: { ...headers, "content-type": "application/json;charset=utf-8" } });
  };
}

/** A translation throws a `Refusal` for an answer that its protocol cannot say. */
function rendered(translate: () => JsonObject): Result<string, AnswerError> {
  try {
    return ok(JSON.stringify(translate()));
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { code, message, field } = thrown;
    return err({ code, message, field, retryAfterMs: null });
  }
}

function refusalResponse({ head, error, overheadMs }: Refused, dialect: Dialect): Response {
  const headers = { ...headersOf(head, error), ...overheadHeader(overheadMs), ...retryHeaders(error) };
  return Response.json(dialect.refusal(head, error), { status: dialect.statusOf(error.code), headers });
}

async function streamResponse(
  deps: Deps,
  admitted: Admitted,
  encoderOf: (head: AnswerHead) => StreamEncoder,
  dialect: Dialect,
): Promise<Response> {
  const planned = encoderOf(admitted.head);
  const opening = answerStream(deps, admitted, encoderOf);
  // Without pings to send there is nothing to show a client who waits.
  const opened = planned.ping === null ? await opening : await within(opening, HEADERS_AFTER_MS);
  if (opened?.kind === "refused") return refusalResponse(opened, dialect);
  const head = opened?.head ?? admitted.head;
  return new Response(streamBody(opening, planned), {
    headers: {
      ...headersOf(head, null),
      "content-type": planned.contentType,
      // Tells nginx to hand on each chunk as it comes.
      "x-accel-buffering": "no",
    },
  });
}
