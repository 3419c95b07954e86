import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob, gunzipSync } from "bun";
import type { CompiledScan } from "../../src/scan/compile.ts";
import { findingsIn } from "./quality.ts";

const CHUNK = 2_048;
const FILES = new Glob(
  "**/*.{md,txt,rst,ts,js,mjs,cjs,json,yaml,yml,toml,lock,css,html,py,go,c,h,rs,sh,sql,csv,[1-8],gz,xml}",
);
/** Larger files are generated ones, more of the same. */
const MAX_FILE_BYTES = 2_000_000;

export type Chunk = { readonly file: string; readonly at: number; readonly text: string };

/** Chunks of what a machine has of documentation and code: so many of them, spread evenly over all there are. */
export async function benignChunks(directories: readonly string[], count: number): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  for (const directory of directories) {
    const files: string[] = [];
    for await (const file of FILES.scan({ cwd: directory, dot: false })) files.push(join(directory, file));
    for (const file of files.toSorted()) chunks.push(...chunksOf(file));
  }
  const step = Math.max(1, chunks.length / count);
  return Array.from({ length: Math.min(count, chunks.length) }, (_, index) => chunks[Math.floor(index * step)]).flatMap(
    (chunk) => (chunk === undefined ? [] : [chunk]),
  );
}

function chunksOf(file: string): Chunk[] {
  const bytes = readFileSync(file);
  if (bytes.byteLength > MAX_FILE_BYTES) return [];
  const text = textOf(file, bytes);
  if (text === null) return [];
  const chunks: Chunk[] = [];
  for (let at = 0; at < text.length; at += CHUNK) chunks.push({ file, at, text: text.slice(at, at + CHUNK) });
  return chunks;
}

function textOf(file: string, bytes: Uint8Array<ArrayBuffer>): string | null {
  try {
    const plain = file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch {
    return null;
  }
}

export type Alarm = { readonly chunk: Chunk; readonly codes: readonly string[]; readonly views: readonly string[] };

export function alarmsIn(chunks: readonly Chunk[], compiled: CompiledScan): readonly Alarm[] {
  return chunks.flatMap((chunk) => {
    const findings = findingsIn(chunk.text, compiled);
    if (findings.length === 0) return [];
    return [{ chunk, codes: findings.map(({ code }) => code), views: findings.map(({ view }) => view) }];
  });
}

export function countByCode(alarms: readonly Alarm[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { codes } of alarms) for (const code of new Set(codes)) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a);
}
