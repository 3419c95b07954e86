import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import dbmate from "dbmate/package.json" with { type: "json" };
import { flush } from "../flush.ts";

type FileModule = { readonly default: string };

/**
 * Where the dbmate for this platform is: a file in `node_modules`, or one inside the compiled binary.
 *
 * The packages are optional dependencies, so only the builder's own platform is installed. Each import stands behind a
 * condition that the bundler knows at build time; it drops the other branches and never looks for their files.
 */
async function bundledPath(): Promise<string> {
  return (await bundledModule()).default;
}

function bundledModule(): Promise<FileModule> {
  if (process.platform === "linux" && process.arch === "x64")
    return import("@dbmate/linux-x64/bin/dbmate", { with: { type: "file" } });
  if (process.platform === "linux" && process.arch === "arm64")
    return import("@dbmate/linux-arm64/bin/dbmate", { with: { type: "file" } });
  if (process.platform === "darwin" && process.arch === "arm64")
    return import("@dbmate/darwin-arm64/bin/dbmate", { with: { type: "file" } });
  if (process.platform === "darwin" && process.arch === "x64")
    return import("@dbmate/darwin-x64/bin/dbmate", { with: { type: "file" } });
  throw new Error(`dbmate is not published for ${process.platform} on ${process.arch}`);
}

/**
 * A path that the operating system can execute. From source that is the package's own file; the compiled binary writes
 * its copy out once, under a name that carries the version, and finds it there on later starts.
 *
 * What survives a crash: a file of the final name is whole, because it is written beside, flushed and renamed.
 */
export async function executableDbmate(workDir: string): Promise<string> {
  const source = await bundledPath();
  if (!isInsideBinary(source)) return source;
  const embedded = Bun.file(source);
  const target = join(workDir, `dbmate-${dbmate.version}-${process.platform}-${process.arch}`);
  if (existsSync(target) && statSync(target).size === embedded.size) return target;
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const partial = join(workDir, `.${basename(target)}.${process.pid}.partial`);
  try {
    await Bun.write(partial, embedded);
    chmodSync(partial, 0o700);
    flush(partial);
    renameSync(partial, target);
  } finally {
    rmSync(partial, { force: true });
  }
  return target;
}

function isInsideBinary(path: string): boolean {
  return path.includes("$bunfs") || path.includes("~BUN");
}
