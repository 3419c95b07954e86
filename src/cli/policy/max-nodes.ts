import { err, ok, type Result } from "../../core/result.ts";
import type { Arguments } from "../command/arguments.ts";
import type { Option } from "../command/spec.ts";

const MOST = 100_000_000;

export const MAX_NODES = "max-nodes";
export const MAX_NODES_OPTION: Option = {
  value: "N",
  summary: "How much the proof may take in time and memory: a million is about 100 MB.",
};

/** As options of an analysis: empty where nothing is given. */
export function maxNodesOf(given: Arguments): Result<{ readonly maxNodes?: number }, string> {
  const text = given.value(MAX_NODES);
  if (text === null) return ok({});
  const maxNodes = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return maxNodes <= MOST ? ok({ maxNodes }) : err(`--${MAX_NODES} takes a whole number from 1 to ${MOST}.`);
}
