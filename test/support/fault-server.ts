import { createServer, type Socket } from "node:net";
import type { JsonObject } from "../../src/core/json.ts";
import { parseJsonObject } from "../../src/core/json.ts";
import { withoutDefaultTag } from "../../src/core/models.ts";
import { type FaultAsked, isStreamed, lookUpAnswer } from "./fault-frames.ts";
import { PLAY_NAMES, type PlayName, playedBy, stepsOf } from "./fault-plays.ts";
import { jsonAnswer, type Step } from "./fault-steps.ts";

/** One request that came in whole. */
export type FaultCall = {
  /** By the monotonic clock, when the last byte of it was there. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  /** All that was sent, head and body, as Latin-1. */
  readonly bytes: string;
  /** When all that the play says was sent; null until then. */
  readonly playedAtMs: number | null;
  /** When its connection was closed, by whomever; null while it is open. */
  readonly closedAtMs: number | null;
};

/** Older ones are forgotten; a soak asks far more often. */
const MAX_CALLS = 5_000;

/**
 * A model server on loopback that fails as it is told to by the name of the model: see `fault-plays.ts`. Speaks the
 * protocols of OpenAI (below `/v1`) and of Ollama over bare sockets, and keeps every byte that it got.
 */
export async function startFaultServer() {
  const sockets = new Set<Socket>();
  const calls: { -readonly [Name in keyof FaultCall]: FaultCall[Name] }[] = [];
  const countOf = new Map<string, number>();
  const models = new Set<string>(PLAY_NAMES);
  const scripts = new Map<string, readonly PlayName[]>();
  let outage: PlayName | null = null;
  let callCount = 0;

  const server = createServer((socket) => {
    const received: Buffer[] = [];
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      received.push(bytes);
      const request = readRequest(Buffer.concat(received));
      if (request === null) return;
      received.length = 0;
      // A bug of a play must not look like one of the failures.
      answer(socket, request).catch((bug: unknown) => {
        queueMicrotask(() => {
          throw bug;
        });
      });
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to listen on");
  const { port } = address;

  async function answer(socket: Socket, request: FaultCall): Promise<void> {
    const found = lookUpAnswer(request.path, models);
    if (found !== null) return run(socket, jsonAnswer(200, found));
    callCount++;
    const call = { ...request };
    calls.push(call);
    if (calls.length > MAX_CALLS) calls.shift();
    socket.on("close", () => {
      call.closedAtMs = performance.now();
    });
    await run(socket, planned(call));
    call.playedAtMs = performance.now();
  }

  function planned(call: FaultCall): readonly Step[] {
    const asked: FaultAsked = { ...call, authorization: call.headers["authorization"] ?? "" };
    const callIndex = countOf.get(call.model) ?? 0;
    countOf.set(call.model, callIndex + 1);
    if (outage !== null) return playedBy(outage, asked);
    const script = scripts.get(call.model);
    const next = script?.[Math.min(callIndex, script.length - 1)];
    if (next !== undefined) return playedBy(next, asked);
    return stepsOf(asked, callIndex) ?? playedBy("not-found", asked);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    /** Puts a name on the lists of models: that of a play, with a suffix or a tag; or any name, with what it plays in turn. */
    model(name: string, ...plays: readonly PlayName[]): string {
      models.add(name);
      if (plays.length > 0) scripts.set(name, plays);
      return name;
    },
    /** What carried content, in the order it came; of one model, or all. */
    calls: (model?: string): readonly FaultCall[] =>
      calls.filter((call) => model === undefined || call.model === model),
    /** Also those that are forgotten. */
    callCount: () => callCount,
    openSockets: () => sockets.size,
    /** From now on every call is played so, whatever its model; null ends it. Look-ups are answered all the same. */
    outage(play: PlayName | null): void {
      outage = play;
    },
    /** Connections are reset, and new ones refused until it opens again at the same port. */
    async shut(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
    },
    open: () => listen(port),
    async stop(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export type FaultServer = Awaited<ReturnType<typeof startFaultServer>>;

/** Null until it is whole. */
function readRequest(received: Buffer): FaultCall | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [requestLine = "", ...lines] = received.subarray(0, headEnd).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyStart = headEnd + 4;
  if (received.byteLength < bodyStart + Number(headers["content-length"] ?? 0)) return null;
  const [method = "", target = "/"] = requestLine.split(" ");
  const path = target.split("?")[0] ?? "/";
  const body = parseJsonObject(received.subarray(bodyStart).toString("utf8")) ?? {};
  const model = typeof body["model"] === "string" ? withoutDefaultTag(body["model"]) : "";
  const bytes = received.toString("latin1");
  const streamed = isStreamed(path, body);
  const times = { atMs: performance.now(), playedAtMs: null, closedAtMs: null };
  return { ...times, method, path, model, streamed, headers, body, bytes };
}

async function run(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    switch (step.kind) {
      case "send":
        await write(socket, step.bytes);
        break;
      case "wait":
        await wait(step.ms);
        break;
      case "repeat":
        for (let time = 0; time < step.times && !socket.destroyed; time++) {
          await write(socket, step.bytes);
          await Bun.sleep(step.everyMs);
        }
        break;
      case "end":
        if (step.how === "close") socket.end();
        if (step.how === "reset") socket.resetAndDestroy();
        return;
    }
  }
}

const TURNS = 20;

/**
 * In turns: where gateway and server are one process that stands still for longer than `ms`, a single timer would be
 * over before the gateway has read what was sent before.
 */
async function wait(ms: number): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Bun.sleep(ms / TURNS);
}

/** Waits where its reader takes nothing, and no longer than there is a reader. */
async function write(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
