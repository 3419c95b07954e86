import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `sun_path` is 104 bytes on macOS and the BSDs, 108 on Linux, the terminating zero included. */
const MAX_SOCKET_PATH_BYTES = 103;
/** libpq's name for a socket on the default port: a client that is told only the directory looks for this. */
const SOCKET_NAME = ".s.PGSQL.5432";
/** Says where the socket is, when that is not the place where one looks for it. */
const POINTER_FILE = "run.path";

export type SocketDirectory = { readonly path: string; remove(): void };

export const socketPathIn = (directory: string): string => join(directory, SOCKET_NAME);

const preferredIn = (dataDir: string): string => join(dataDir, "run");
const isShort = (directory: string): boolean => Buffer.byteLength(socketPathIn(directory)) <= MAX_SOCKET_PATH_BYTES;

/**
 * The private directory of the socket: `DATA_DIR/run`, or a fresh one under the system's temporary directory when that
 * path is too long for a socket. The socket has no authentication; the directory's mode 0700 is what protects it.
 */
export function makeSocketDirectory(dataDir: string): SocketDirectory {
  const preferred = preferredIn(dataDir);
  if (isShort(preferred)) {
    mkdirSync(preferred, { recursive: true, mode: 0o700 });
    chmodSync(preferred, 0o700);
    return { path: preferred, remove() {} };
  }
  const path = mkdtempSync(join(tmpdir(), "policy-mesh-"));
  const pointer = join(dataDir, POINTER_FILE);
  writeFileSync(pointer, path, { mode: 0o600 });
  return {
    path,
    remove() {
      rmSync(pointer, { force: true });
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Where the socket is of the process that has `dataDir` open; null where that cannot be told. */
export function findSocketDirectory(dataDir: string): string | null {
  const preferred = preferredIn(dataDir);
  if (isShort(preferred)) return preferred;
  try {
    const pointer = join(dataDir, POINTER_FILE);
    const path = readFileSync(pointer, "utf8");
    // In a folder that anybody may write to, a name that a crash left behind may have become somebody else's.
    return statSync(path).uid === statSync(pointer).uid ? path : null;
  } catch {
    return null;
  }
}
