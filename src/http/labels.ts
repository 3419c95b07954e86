import type { Features } from "../core/features.ts";
import { Refusal } from "./problem.ts";

const MAX_LENGTH = 1_000;
const LABEL = /^([a-z][a-z0-9_]{0,63})=([A-Za-z0-9][A-Za-z0-9_.-]{0,63})$/;

/**
 * What a proxy in front says of the caller, as `team=research, key=ci`, in the header that the operator trusts; nothing
 * where none is. A header that cannot be read is refused: a label that is lost could be one that policy denies by.
 */
export function labelsOf({ headers }: Request, trusted: string | null): Features["labels"] {
  const given = trusted === null ? null : headers.get(trusted);
  if (given === null || trusted === null || given.trim() === "") return {};
  const refuse = () =>
    new Refusal("request.invalid_field", `${trusted}: Expected labels as in team=research, key=ci, none twice.`, {
      field: trusted,
    });
  if (given.length > MAX_LENGTH) throw refuse();
  const labels = new Map<string, string>();
  for (const part of given.split(",")) {
    const [, name, value] = LABEL.exec(part.trim()) ?? [];
    if (name === undefined || value === undefined || labels.has(name)) throw refuse();
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}
