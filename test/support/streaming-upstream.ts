/**
 * A server that speaks both protocols as far as a stream needs, and does with it what a test says: piece after piece, a
 * flood, or silence. It is written on a bare socket, so that it knows what its reader took and when it left.
 */
export function startStreamingUpstream(model: string) {
  /** `isLeft`: the reader of the stream that was asked for last is gone. */
  const state = { writtenBytes: 0, isLeft: false, asked: 0 };
  const socketOf: Bun.Socket<Connection>[] = [];
  let flood: { readonly frame: string; leftBytes: number } | null = null;

  const lists: Readonly<Record<string, unknown>> = {
    "/api/tags": { models: [{ name: model, model, modified_at: "2026-11-22T08:00:00Z", size: 1, digest: "d" }] },
    "/v1/models": { object: "list", data: [{ id: model, object: "model", created: 1, owned_by: "test" }] },
  };

  function pump(socket: Bun.Socket<Connection>): void {
    while (socket.data.queued !== "" || fill(socket)) {
      const written = socket.write(socket.data.queued);
      if (written <= 0) return;
      state.writtenBytes += written;
      // The queue is ASCII, so bytes are characters.
      socket.data.queued = socket.data.queued.slice(written);
    }
    if (socket.data.ending) socket.end();
  }

  function fill(socket: Bun.Socket<Connection>): boolean {
    if (flood === null || flood.leftBytes <= 0 || !socket.data.streaming) return false;
    flood.leftBytes -= flood.frame.length;
    socket.data.queued += chunked(flood.frame);
    return true;
  }

  const server = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { received: "", queued: "", streaming: false, ending: false };
      },
      data(socket, bytes) {
        socket.data.received += bytes.toString("latin1");
        const request = takeRequest(socket.data);
        if (request === null) return;
        const list = lists[request.path];
        if (list !== undefined) {
          const body = JSON.stringify(list);
          socket.data.queued = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
          socket.data.ending = true;
          return pump(socket);
        }
        state.asked++;
        state.isLeft = false;
        socketOf.push(socket);
        const type = request.path.startsWith("/v1/") ? "text/event-stream" : "application/x-ndjson";
        socket.data.streaming = true;
        socket.data.queued = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
        pump(socket);
      },
      drain: pump,
      close(socket) {
        if (socket === socketOf.at(-1)) state.isLeft = true;
      },
      error() {},
    },
  });

  return {
    state,
    url: `http://127.0.0.1:${server.port}`,
    /** Writes one frame of the stream that was asked for last. */
    send(frame: string): void {
      const socket = socketOf.at(-1);
      if (socket === undefined) throw new Error("nobody asked for a stream yet");
      socket.data.queued += chunked(frame);
      pump(socket);
    },
    /** Ends the stream that was asked for last: with its last chunk, or by hanging up in the middle. */
    finish(how: "whole" | "cut"): void {
      const socket = socketOf.at(-1);
      if (how === "cut") return void socket?.terminate();
      if (socket === undefined) return;
      socket.data.queued += "0\r\n\r\n";
      socket.data.ending = true;
      pump(socket);
    },
    /** Streams that are asked for from now on get the frame again and again, as fast as they take it. */
    floods(frame: string, totalBytes: number): void {
      flood = { frame, leftBytes: totalBytes };
    },
    calms(): void {
      flood = null;
    },
    stop: () => server.stop(true),
  };
}

type Connection = { received: string; queued: string; streaming: boolean; ending: boolean };

const chunked = (frame: string): string => `${frame.length.toString(16)}\r\n${frame}\r\n`;

/** Whole once its body is there. */
function takeRequest(connection: Connection): { readonly path: string } | null {
  const headEnd = connection.received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = connection.received.slice(0, headEnd);
  const bodyLength = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (connection.received.length < headEnd + 4 + bodyLength) return null;
  connection.received = "";
  return { path: head.split(" ")[1] ?? "/" };
}
