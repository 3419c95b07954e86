import { connect } from "node:net";
import { err, ok, type Result } from "../../core/result.ts";
import { connectionOver, type EmbeddedConnection } from "./embedded.ts";
import { findSocketDirectory, socketPathIn } from "./socket-dir.ts";

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * The database that another process of the same user has open over `dataDir`. There is one session behind its socket,
 * which the statements of all clients take turns at, so a long one keeps the gateway waiting. It ends when that process
 * does.
 */
export async function joinEmbedded(dataDir: string): Promise<Result<EmbeddedConnection, { readonly message: string }>> {
  const socketDir = findSocketDirectory(dataDir);
  if (socketDir !== null && (await listens(socketPathIn(socketDir)))) return ok(connectionOver(socketDir));
  return err({
    message: `The process that has ${dataDir} open does not answer: it may be starting, or stopping. Try again.`,
  });
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: CONNECT_TIMEOUT_MS });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
