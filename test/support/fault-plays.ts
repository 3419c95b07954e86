import { gzipSync } from "node:zlib";
import { type FaultAsked, type Frames, framesOf, LOST_PIECES, PIECES, WHOLE_TEXT } from "./fault-frames.ts";
import {
  A_MOMENT,
  CLOSE,
  chunk,
  dateIn,
  type HeaderLines,
  halfOf,
  head,
  jsonAnswer,
  LAST_CHUNK,
  RESET,
  STAY,
  type Step,
  send,
  streamHead,
  textAnswer,
} from "./fault-steps.ts";

type Play = (asked: FaultAsked, frames: Frames) => readonly Step[];

const PING_EVERY_MS = 15;
/** Between the pieces of a slow answer, and of one that takes longer than any single limit by default. */
const SLOW_PIECE_MS = 40;
const VERY_SLOW_PIECE_MS = 20_000;
/** What the plays with `retry-after` ask for; a date has no finer unit than the second. */
export const RETRY_AFTER_MS = 250;
export const RETRY_AFTER_SECONDS = 1;
/** On the same server, so that it sees who follows. */
export const REDIRECTED_TO = "/elsewhere/chat";
const HUGE_HEADER_BYTES = 200_000;
const HUGE_BODY_BYTES = 48 * 1024 * 1024;

const good: Play = ({ streamed }, frames) =>
  streamed
    ? [streamHead(frames), ...[frames.opening, ...PIECES.map(frames.piece)].map(chunk), ...goodEnd(frames)]
    : jsonAnswer(200, frames.whole);

/** Of OpenAI the finish is an event of its own, of Ollama it stands in the last record. */
const goodEnd = (frames: Frames): readonly Step[] => [
  ...(frames.streamType === "text/event-stream" ? [chunk(frames.finish)] : []),
  chunk(frames.end),
  LAST_CHUNK,
  CLOSE,
];

/** For streams; a whole answer is one that lacks its other half. */
const lost =
  (...ends: readonly Step[]): Play =>
  ({ streamed }, frames) =>
    streamed
      ? [streamHead(frames), ...[frames.opening, ...LOST_PIECES.map(frames.lostPiece)].map(chunk), ...ends]
      : [...halfOf(frames), ...ends.filter((step) => step.kind === "end")];

/** For streams; a whole answer is a good one. */
const streamedOnly =
  (play: Play): Play =>
  (asked, frames) =>
    asked.streamed ? play(asked, frames) : good(asked, frames);

const status =
  (code: number, type: string, word: string, headers: HeaderLines = {}): Play =>
  (_, frames) =>
    jsonAnswer(code, frames.error(type, word), headers);
const failing = (code: number): Play => status(code, "server_error", "server_error");
const limited =
  (headers: () => HeaderLines): Play =>
  (asked, frames) =>
    status(429, "requests", "rate_limit_exceeded", headers())(asked, frames);

const pieces = ({ piece, opening }: Frames): readonly Step[] => [opening, ...PIECES.map(piece)].map(chunk);
const slow =
  (pieceMs: number): Play =>
  ({ streamed }, frames) =>
    streamed
      ? [
          streamHead(frames),
          ...pieces(frames).flatMap((step): readonly Step[] => [{ kind: "wait", ms: pieceMs }, step]),
          ...goodEnd(frames),
        ]
      : [{ kind: "wait", ms: pieceMs * PIECES.length }, ...jsonAnswer(200, frames.whole)];
const garbage = Buffer.from("this is no gzip at all, however it is called");

/** Each row of the table of failures, and what stands between its lines. By the name of the model that is asked for. */
const PLAYS = {
  answers: good,
  /** Piece after piece with a pause before each. */
  slow: slow(SLOW_PIECE_MS),
  "very-slow": slow(VERY_SLOW_PIECE_MS),

  "limited-ms": limited(() => ({ "retry-after-ms": `${RETRY_AFTER_MS}` })),
  "limited-seconds": limited(() => ({ "retry-after": `${RETRY_AFTER_SECONDS}` })),
  "limited-date": limited(() => ({ "retry-after": dateIn(RETRY_AFTER_SECONDS) })),
  "limited-5-seconds": limited(() => ({ "retry-after": "5" })),
  "limited-5-date": limited(() => ({ "retry-after": dateIn(5) })),
  "limited-long": limited(() => ({ "retry-after": "3000" })),
  limited: limited(() => ({})),
  "unavailable-ms": status(503, "server_error", "overloaded", { "retry-after-ms": `${RETRY_AFTER_MS}` }),
  "unavailable-long": status(503, "server_error", "overloaded", { "retry-after": "3000" }),
  "fails-408": failing(408),
  "fails-500": failing(500),
  "fails-502": failing(502),
  "fails-503": failing(503),
  "fails-504": failing(504),
  "fails-529": status(529, "overloaded_error", "overloaded"),

  resets: () => [RESET],
  closes: () => [CLOSE],
  silent: () => [STAY],
  "half-headers": () => [send("HTTP/1.1 200 OK\r\ncontent-type: text/ev"), STAY],
  "headers-only": ({ streamed }, frames) =>
    streamed
      ? [streamHead(frames), STAY]
      : [send(head(200, { "content-type": "application/json", "content-length": "1000" })), STAY],
  "opening-only": ({ streamed }, frames) =>
    streamed ? [streamHead(frames), chunk(frames.opening), STAY] : [...halfOf(frames), STAY],
  "pings-only": ({ streamed }, frames) => {
    const ping = chunk(frames.ping);
    if (!streamed || ping.kind !== "send") return [STAY];
    return [streamHead(frames), { kind: "repeat", bytes: ping.bytes, everyMs: PING_EVERY_MS, times: 4_000 }, STAY];
  },

  "cut-reset": lost(A_MOMENT, RESET),
  "cut-close": lost(A_MOMENT, CLOSE),
  /** As the protocol of the network goes, it is whole. */
  "cut-clean": lost(A_MOMENT, LAST_CHUNK, CLOSE),
  "cut-unframed": (asked, frames) =>
    asked.streamed
      ? [
          send(head(200, { "content-type": frames.streamType })),
          ...[frames.opening, ...LOST_PIECES.map(frames.lostPiece)].map(send),
          A_MOMENT,
          CLOSE,
        ]
      : [...halfOf(frames), CLOSE],
  "error-late": (asked, frames) =>
    asked.streamed
      ? lost(chunk(frames.errorEvent), LAST_CHUNK, CLOSE)(asked, frames)
      : jsonAnswer(200, frames.error("server_error", "server_error")),
  "error-first": (asked, frames) =>
    asked.streamed
      ? [streamHead(frames), chunk(frames.opening), chunk(frames.errorEvent), LAST_CHUNK, CLOSE]
      : jsonAnswer(200, frames.error("server_error", "server_error")),
  stalls: lost(STAY),

  "malformed-event": streamedOnly((_, frames) => [
    streamHead(frames),
    ...[frames.opening, frames.piece(PIECES[0]), frames.malformed, ...PIECES.slice(1).map(frames.piece)].map(chunk),
    ...goodEnd(frames),
  ]),
  "malformed-cut": (asked, frames) =>
    asked.streamed
      ? lost(chunk(frames.malformed), LAST_CHUNK, CLOSE)(asked, frames)
      : textAnswer(200, '{"choices": [', { "content-type": "application/json" }),
  "no-done": streamedOnly((_, frames) => [
    streamHead(frames),
    ...pieces(frames),
    chunk(frames.finish),
    LAST_CHUNK,
    CLOSE,
  ]),
  "no-done-stays": streamedOnly((_, frames) => [streamHead(frames), ...pieces(frames), chunk(frames.finish), STAY]),
  "no-finish": ({ streamed }, frames) =>
    streamed
      ? [streamHead(frames), ...pieces(frames), ...frames.endWithoutFinish.map(chunk), LAST_CHUNK, CLOSE]
      : jsonAnswer(200, frames.wholeWithoutFinish),

  "too-long": status(400, "invalid_request_error", "context_length_exceeded"),
  filtered: status(400, "invalid_request_error", "content_filter"),
  refused: status(400, "invalid_request_error", "invalid_value"),
  unauthorized: status(401, "invalid_request_error", "invalid_api_key"),
  forbidden: status(403, "permission_error", "model_not_allowed"),
  "not-found": status(404, "invalid_request_error", "model_not_found"),

  "error-body": (_, frames) => jsonAnswer(200, frames.error("server_error", "server_error")),
  "empty-body": ({ streamed }, frames) =>
    textAnswer(200, "", { "content-type": streamed ? frames.streamType : "application/json" }),
  "no-content": () => [send(head(204, {})), CLOSE],
  html: () =>
    textAnswer(200, `<!doctype html>\n<title>Sign in</title>\n<p>${WHOLE_TEXT}</p>\n`, { "content-type": "text/html" }),
  "wrong-type": () => textAnswer(200, `${WHOLE_TEXT}\n`, { "content-type": "text/plain" }),
  "bad-gzip": ({ streamed }, frames) => [
    send(
      head(200, {
        "content-type": streamed ? frames.streamType : "application/json",
        "content-encoding": "gzip",
        "content-length": `${garbage.byteLength}`,
      }),
    ),
    send(garbage),
    CLOSE,
  ],
  "cut-gzip": ({ streamed }, frames) => {
    const text = streamed ? [frames.opening, ...LOST_PIECES.map(frames.piece)].join("") : JSON.stringify(frames.whole);
    const bytes = gzipSync(text);
    const type = streamed ? frames.streamType : "application/json";
    return [
      send(head(200, { "content-type": type, "content-encoding": "gzip" })),
      send(bytes.subarray(0, bytes.byteLength - 12)),
      CLOSE,
    ];
  },
  "huge-header": ({ streamed }, frames) =>
    streamed
      ? [streamHead(frames, { "x-huge": "h".repeat(HUGE_HEADER_BYTES) }), ...pieces(frames), ...goodEnd(frames)]
      : jsonAnswer(200, frames.whole, { "x-huge": "h".repeat(HUGE_HEADER_BYTES) }),
  "endless-headers": () => [
    send("HTTP/1.1 200 OK\r\n"),
    { kind: "repeat", bytes: `x-more: ${"h".repeat(10_000)}\r\n`, everyMs: 0, times: 5_000 },
    CLOSE,
  ],
  /** Beyond what the gateway reads of a whole answer, or of one event. */
  "huge-body": ({ streamed }, frames) => [
    streamed ? streamHead(frames) : send(head(200, { "content-type": "application/json" })),
    { kind: "repeat", bytes: streamed ? hugeChunk() : "1".repeat(65_536), everyMs: 0, times: HUGE_BODY_BYTES / 65_536 },
    CLOSE,
  ],
  redirect: () => [send(head(307, { location: REDIRECTED_TO, "content-length": "0" })), CLOSE],
  "no-http": () => [send("220 mail.example.org ESMTP\r\n"), CLOSE],
} as const satisfies Readonly<Record<string, Play>>;

export type PlayName = keyof typeof PLAYS;
export const PLAY_NAMES = Object.keys(PLAYS).filter(isPlay);

function isPlay(name: string): name is PlayName {
  return name in PLAYS;
}

function hugeChunk(): string {
  const filler = "1".repeat(65_536);
  return `${filler.length.toString(16)}\r\n${filler}\r\n`;
}

/**
 * A model's name is that of a play, a tag of the test's own may follow: `fails-500:mine`. `-once` and `-twice` say how
 * often it is played before good answers come, `-in-turn` that every other answer is a good one.
 */
const MODEL = /^([a-z0-9-]+?)(-once|-twice|-in-turn)?(:.*)?$/;

/** What is done with the call of this number, from 0, of its model; null for a model that is no play. */
export function stepsOf(asked: FaultAsked, callIndex: number): readonly Step[] | null {
  const [, name = "", how] = MODEL.exec(asked.model) ?? [];
  if (!isPlay(name)) return null;
  const isOver =
    (how === "-once" && callIndex >= 1) ||
    (how === "-twice" && callIndex >= 2) ||
    (how === "-in-turn" && callIndex % 2);
  return PLAYS[isOver ? "answers" : name](asked, framesOf(asked));
}

export const playedBy = (name: PlayName, asked: FaultAsked): readonly Step[] => PLAYS[name](asked, framesOf(asked));
