import { createServer, type Socket } from "node:net";
import { PGLiteSocketHandler } from "@electric-sql/pglite-socket";
import { startMaintenance } from "./maintenance.ts";
import { type Session, SessionQueue } from "./session-queue.ts";

export type SocketServer = { close(): Promise<void> };

/** The gateway's client uses one connection and dbmate one or two; more than this is somebody's mistake. */
const MAX_CONNECTIONS = 16;

/**
 * Speaks PostgreSQL's protocol on a Unix socket. pglite-socket's handler frames the messages of each connection; who
 * may talk to the session is decided by our queue. There is no authentication: the socket's directory is private.
 */
export async function serveOn(socketPath: string, session: Session): Promise<SocketServer> {
  const queue = new SessionQueue(session);
  const handlers = new Set<PGLiteSocketHandler>();
  const server = createServer((socket) => {
    void attach(socket, queue, handlers);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  const maintenance = startMaintenance(queue);
  return {
    async close() {
      const rested = maintenance.stop();
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...handlers].map((handler) => handler.detach(true)));
      // After the connections: maintenance may be waiting for one of them to give the session back.
      await rested;
      await stopped;
    },
  };
}

async function attach(socket: Socket, queue: SessionQueue, handlers: Set<PGLiteSocketHandler>): Promise<void> {
  const handler = new PGLiteSocketHandler({ queryQueue: asLibraryQueue(queue), closeOnDetach: true });
  const forget = () => handlers.delete(handler);
  handlers.add(handler);
  handler.addEventListener("error", forget);
  handler.addEventListener("close", forget);
  await handler.attach(socket);
}

type LibraryQueue = ConstructorParameters<typeof PGLiteSocketHandler>[0]["queryQueue"];

/** The library does not export its queue's type; the three methods its handler calls are the ones ours has. */
function asLibraryQueue(queue: SessionQueue): LibraryQueue {
  return queue as unknown as LibraryQueue;
}
