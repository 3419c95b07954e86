import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import initdbWasmPath from "../../../node_modules/@electric-sql/pglite/dist/initdb.wasm" with { type: "file" };
// By path, not by package name: the package's `exports` do not list these files.
import fsBundlePath from "../../../node_modules/@electric-sql/pglite/dist/pglite.data" with { type: "file" };
import pgliteWasmPath from "../../../node_modules/@electric-sql/pglite/dist/pglite.wasm" with { type: "file" };

/**
 * Files that PostgreSQL keeps open between uses; it would keep a thousand. A gateway has about as many tables, indices and
 * parts of them as days to keep, and the process needs its descriptors for connections.
 */
const MAX_OPEN_FILES = 256;

/**
 * Opens PGlite over a directory. PGlite finds its own files only beside its own source, which a compiled binary does
 * not have, so all three are handed over.
 */
export async function openEngine(dataDir: string | undefined, options: PGliteOptions = {}): Promise<PGlite> {
  const [pgliteWasmModule, initdbWasmModule] = await Promise.all([compile(pgliteWasmPath), compile(initdbWasmPath)]);
  const fsBundle = Bun.file(fsBundlePath);
  const files = { pgliteWasmModule, initdbWasmModule, fsBundle };
  const startParams = [...PGlite.defaultStartParams, "-c", `max_files_per_process=${MAX_OPEN_FILES}`];
  return PGlite.create({ ...files, startParams, ...options, ...(dataDir === undefined ? {} : { dataDir }) });
}

async function compile(path: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await Bun.file(path).arrayBuffer());
}
