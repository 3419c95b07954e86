import type { Static, TSchema } from "@sinclair/typebox";
import type { ChatRequest } from "../core/chat.ts";
import type { JsonObject } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { Admitted, AnswerError, AnswerHead, Refused } from "../gateway/chat-result.ts";
import type { Call } from "../gateway/decided.ts";
import type { Deps } from "../gateway/deps.ts";
import { admit, answerStream, answerWhole, breakOff } from "../gateway/handle-chat.ts";
import type { Place } from "../gateway/traffic/contract.ts";
import { headersOf, overheadHeader, retryHeaders } from "./answer-headers.ts";
import { takeBody } from "./body-budget.ts";
import { callerOf } from "./caller.ts";
import { beginStreaming, endStreaming } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { labelsOf } from "./labels.ts";
import { placeFor } from "./place.ts";
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

/** `over` resolves when the answer is at its end, which a stream is after its response was given away. */
type Answering = { readonly response: Response; readonly over: Promise<void> };

const OVER = Promise.resolve();

/** Answers one request of a surface: the same for all of them. Holds a place among all until the answer is at its end. */
export function surfaceHandler<S extends TSchema>(
  deps: Deps,
  translation: SurfaceTranslation<S>,
  dialect: Dialect,
): (context: { readonly body: Static<S>; readonly request: Request }) => Promise<Response> {
  return async ({ body: asked, request: httpRequest }) => {
    const arrival = { receivedAt: deps.now(), startedMs: deps.monotonicMs() };
    const body = takeBody(httpRequest);
    let place: Place | null = null;
    const leave = () => {
      place?.leave();
      body.release();
    };
    try {
      const request = translation.toRequest(asked);
      const call = callOf(httpRequest, deps);
      place = await placeFor(deps, call);
      const { response, over } = await answer(deps, { translation, dialect, request, httpRequest, call, ...arrival });
      void over.then(leave);
      return response;
    } catch (thrown) {
      leave();
      throw thrown;
    }
  };
}

/** Throws a `Refusal` where the header of a trusted proxy cannot be read. */
export function callOf(request: Request, { labelsHeader }: Pick<Deps, "labelsHeader">): Call {
  const labels = labelsOf(request, labelsHeader);
  return { requestId: requestIdOf(request), signal: request.signal, caller: callerOf(request, labels), labels };
}

type Asked<S extends TSchema> = {
  readonly translation: SurfaceTranslation<S>;
  readonly dialect: Dialect;
  readonly request: ChatRequest;
  readonly httpRequest: Request;
  readonly call: Call;
  readonly receivedAt: Date;
  readonly startedMs: number;
};

async function answer<S extends TSchema>(deps: Deps, asked: Asked<S>): Promise<Answering> {
  const { translation, dialect, request, httpRequest, call, receivedAt, startedMs } = asked;
  const admitted = await admit(deps, request, call);
  if (admitted.kind === "abandoned") throw new Refusal(admitted.error.code, admitted.error.message);
  if (admitted.kind === "refused") return { response: refusalResponse(admitted, dialect), over: OVER };
  const contextOf = (head: AnswerHead): AnswerContext => ({
    request,
    head,
    receivedAt,
    model: head.model ?? "",
    elapsedMs: () => deps.monotonicMs() - startedMs,
  });
  const { toStream } = translation;
  if (request.streamed && toStream !== null) {
    return streamAnswer(deps, admitted, (head) => toStream(contextOf(head)), { dialect, httpRequest });
  }
  const answered = await answerWhole(deps, admitted, (whole, head) =>
    rendered(() => translation.toAnswer(whole, contextOf(head))),
  );
  if (answered.kind === "refused") return { response: refusalResponse(answered, dialect), over: OVER };
  const headers = { ...headersOf(answered.head, null), ...overheadHeader(answered.overheadMs) };
  const response = new Response(answered.body, {
    headers: { ...headers, "content-type": "application/json;charset=utf-8" },
  });
  return { response, over: OVER };
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

async function streamAnswer(
  deps: Deps,
  admitted: Admitted,
  encoderOf: (head: AnswerHead) => StreamEncoder,
  { dialect, httpRequest }: { readonly dialect: Dialect; readonly httpRequest: Request },
): Promise<Answering> {
  let planned: StreamEncoder;
  try {
    planned = encoderOf(admitted.head);
  } catch (bug) {
    return { response: refusalResponse(await breakOff(deps, admitted, bug), dialect), over: OVER };
  }
  const opening = answerStream(deps, admitted, encoderOf);
  // A bug in it is for whoever answers; here it only means that nothing more comes.
  const over = opening.then(
    (late) => (late.kind === "stream" ? late.settled : undefined),
    () => undefined,
  );
  // Without pings to send there is nothing to show a client who waits.
  const opened = planned.ping === null ? await opening : await within(opening, HEADERS_AFTER_MS);
  if (opened?.kind === "refused") return { response: refusalResponse(opened, dialect), over };
  const head = opened?.head ?? admitted.head;
  try {
    return { response: streamResponse(opening, planned, head, httpRequest), over };
  } catch (bug) {
    // Nobody will read it, so neither its row nor its call must wait for that.
    void opening.then((late) => late.kind === "stream" && late.fail(bug)).catch(() => {});
    throw bug;
  }
}

function streamResponse(
  opening: Parameters<typeof streamBody>[0],
  planned: StreamEncoder,
  head: AnswerHead,
  httpRequest: Request,
): Response {
  const headers = {
    ...headersOf(head, null),
    "content-type": planned.contentType,
    // Tells nginx to hand on each chunk as it comes.
    "x-accel-buffering": "no",
  };
  const body = streamBody(opening, planned, { onOver: () => endStreaming(httpRequest) });
  const response = new Response(body, { headers });
  beginStreaming(httpRequest);
  return response;
}
