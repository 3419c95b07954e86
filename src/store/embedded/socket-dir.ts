import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `sun_path` is 104 bytes on macOS and the BSDs, 108 on Linux, the terminating zero included. */
const MAX_SOCKET_PATH_BYTES = 103;
/** libpq's name for a socket on the default port: a client that is told only the directory looks for this. */
export const SOCKET_NAME = ".s.PGSQL.5432";

export type SocketDirectory = { readonly path: string; remove(): void };

/**
 * The private directory of the socket: `DATA_DIR/run`, or a fresh one under the system's temporary directory when that
 * path is too long for a socket. The socket has no authentication; the directory's mode 0700 is what protects it.
 */
export function makeSocketDirectory(dataDir: string): SocketDirectory {
  const preferred = join(dataDir, "run");
  if (Buffer.byteLength(join(preferred, SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES) {
    mkdirSync(preferred, { recursive: true, mode: 0o700 });
    chmodSync(preferred, 0o700);
    return { path: preferred, remove() {} };
  }
  const path = mkdtempSync(join(tmpdir(), "policy-mesh-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
