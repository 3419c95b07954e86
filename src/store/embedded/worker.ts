/**
 * The thread that owns the embedded database: PostgreSQL in WebAssembly and its socket. It is an entry point of its own
 * in the build, and nothing imports it. Queries run here, so they never hold the main thread's event loop.
 *
 * What survives a crash: everything PostgreSQL wrote. It writes through to the operating system at each commit, so
 * `kill -9` loses nothing acknowledged; it does not fsync, so a power failure may.
 */
import { rmSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import { openEngine } from "./engine.ts";
import { type Command, describe, type Report, type StartCommand } from "./messages.ts";
import { type SocketServer, serveOn } from "./socket-server.ts";
import { prepareDataDirectory } from "./template.ts";

declare const self: Worker;

type Running = { readonly database: PGlite; readonly server: SocketServer; readonly socketPath: string };

let running: Running | undefined;

self.onmessage = async (event: MessageEvent<Command>) => {
  const command = event.data;
  if (command.type === "start") report(await start(command));
  else report(await close());
};

async function start(command: StartCommand): Promise<Report> {
  try {
    const prepared = await prepareDataDirectory(command.postgresDir);
    if (!prepared.ok) return { type: "failed", failure: prepared.error };
    const database = await open(command.postgresDir);
    // A crash leaves the old socket's file behind, and nobody can listen on a name that exists. The lock of the data
    // directory says that no living process listens there.
    rmSync(command.socketPath, { force: true });
    const server = await serveOn(command.socketPath, database);
    running = { database, server, socketPath: command.socketPath };
    return { type: "ready" };
  } catch (cause) {
    return { type: "failed", failure: { kind: "start", message: describe(cause) } };
  }
}

/** PostgreSQL's own words are kept for the message of a start that fails, and only then: later ones may quote data. */
async function open(postgresDir: string): Promise<PGlite> {
  const lines: string[] = [];
  let starting = true;
  const onStderr = (text: string) => {
    if (starting) lines.push(text.trim());
    return false;
  };
  try {
    return await openEngine(postgresDir, { onStderr });
  } catch (cause) {
    throw new Error([describe(cause), ...lines.slice(-5)].join("; "));
  } finally {
    starting = false;
  }
}

async function close(): Promise<Report> {
  const { database, server, socketPath } = running ?? {};
  running = undefined;
  await server?.close();
  await database?.close();
  if (socketPath !== undefined) rmSync(socketPath, { force: true });
  return { type: "closed" };
}

function report(message: Report): void {
  self.postMessage(message);
}
