import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { JsonObject } from "../../src/core/json.ts";
import { toObject } from "./scripted-recordings.ts";

/** What a prompt may ask of the upstream that answers it, in double brackets: `[[cut]]`. Stands in the text itself. */
const SCRIPTS = [
  "bad-request",
  "context-length",
  "unauthorized",
  "forbidden",
  "not-found",
  "rate-limited",
  "failing",
  "unavailable",
  /** What the cloud alone does, and what the local server alone: it hands the request to another host. */
  "content-filter",
  "remote-host",
  /** A stream that tells of an error on the way, one that does not go on, and an answer that does not come. */
  "error-event",
  "stall",
  "silence",
  "two-calls",
  /** A tool call whose arguments are no object. */
  "array-arguments",
  "thinking",
] as const;
export type Script = (typeof SCRIPTS)[number];

export const ask = (script: Script): string => `[[${script}]]`;

/** Stands in every error text that is not recorded: nothing that an upstream says of an error may reach a client. */
export const UPSTREAM_WORDS = "upstream words 5e0d";
/** Longer than any test is to wait. */
export const RETRY_AFTER_SECONDS = 300;
const DEPARTURE_DEADLINE_MS = 10_000;

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
  readonly script: Script | null;
};

export type Reply =
  | { readonly kind: "whole"; readonly status: number; readonly body: JsonObject; readonly retryAfterSeconds?: number }
  | {
      readonly kind: "stream";
      readonly contentType: string;
      readonly pieces: readonly string[];
      /** Whether there is nothing after the last piece, not even an end. */
      readonly stalls: boolean;
    }
  | { readonly kind: "silence" };

/** A model server on loopback that answers by what it is asked and keeps what it got. */
export async function startScripted(answer: (asked: Asked) => Promise<Reply>) {
  const asked: Asked[] = [];
  const departures = new Set<string>();
  const open = new Map<ServerResponse, string>();
  const watchers = new Set<() => void>();
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const got = await readRequest(request);
    const words = JSON.stringify(got.body);
    asked.push(got);
    open.set(response, words);
    response.on("close", () => {
      open.delete(response);
      if (response.writableFinished) return;
      departures.add(words);
      for (const look of watchers) look();
    });
    send(response, await answer(got));
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    /** Requests with a body, in the order they came. */
    posted: () => asked.filter((request) => request.method === "POST"),
    lastPosted(): Asked {
      const last = asked.findLast((request) => request.method === "POST");
      if (last === undefined) throw new Error("nothing was posted");
      return last;
    },
    /** Settles once a caller has gone away before the end of the answer to a request with these words in it. */
    async departure(words: string): Promise<void> {
      const seen = () => [...departures].some((body) => body.includes(words));
      if (seen()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("waited in vain: a caller leaves")), DEPARTURE_DEADLINE_MS);
        const look = () => {
          if (!seen()) return;
          watchers.delete(look);
          clearTimeout(timer);
          resolve();
        };
        watchers.add(look);
      });
    },
    /** Cuts the connections on which requests with these words are being answered. */
    breakOff(words: string): void {
      for (const [response, body] of open) if (body.includes(words)) response.destroy();
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type ScriptedServer = Awaited<ReturnType<typeof startScripted>>;

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method: request.method ?? "GET",
    path: URL.parse(request.url ?? "/", "http://upstream")?.pathname ?? "/",
    headers: request.headers,
    body: text === "" ? {} : toObject(text),
    script: SCRIPTS.find((script) => text.includes(ask(script))) ?? null,
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.kind === "silence") return;
  if (reply.kind === "whole") {
    const retryAfter = reply.retryAfterSeconds === undefined ? {} : { "retry-after": `${reply.retryAfterSeconds}` };
    response.writeHead(reply.status, { "content-type": "application/json; charset=utf-8", ...retryAfter });
    response.end(JSON.stringify(reply.body));
    return;
  }
  response.writeHead(200, { "content-type": reply.contentType });
  for (const piece of reply.pieces) response.write(piece);
  if (!reply.stalls) response.end();
}
