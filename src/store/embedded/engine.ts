import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import initdbWasmPath from "../../../node_modules/@electric-sql/pglite/dist/initdb.wasm" with { type: "file" };
// By path, not by package name: the package's `exports` do not list these files.
import fsBundlePath from "../../../node_modules/@electric-sql/pglite/dist/pglite.data" with { type: "file" };
import pgliteWasmPath from "../../../node_modules/@electric-sql/pglite/dist/pglite.wasm" with { type: "file" };

/**
 * Opens PGlite over a directory. PGlite finds its own files only beside its own source, which a compiled binary does
 * not have, so all three are handed over.
 */
export async function openEngine(dataDir: string | undefined, options: PGliteOptions = {}): Promise<PGlite> {
  const [pgliteWasmModule, initdbWasmModule] = await Promise.all([compile(pgliteWasmPath), compile(initdbWasmPath)]);
  const fsBundle = Bun.file(fsBundlePath);
  const files = { pgliteWasmModule, initdbWasmModule, fsBundle };
  return PGlite.create({ ...files, ...options, ...(dataDir === undefined ? {} : { dataDir }) });
}

async function compile(path: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await Bun.file(path).arrayBuffer());
}
