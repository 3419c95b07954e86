import { parseJsonObject } from "../../core/json.ts";
import type { SpoolLoss } from "./contract.ts";

/** A loss as it stands in its frame; its id stands there already. */
export const encodeLoss = ({ file, byteCount, missingSeqs }: SpoolLoss): Buffer =>
  Buffer.from(JSON.stringify({ file, byteCount, missingSeqs }));

/** Of a frame with a right checksum, so what it holds is what was written. */
export function parseLoss(id: string, payload: Buffer): SpoolLoss {
  const fields = parseJsonObject(payload.toString("utf8")) ?? {};
  const { file, byteCount, missingSeqs } = fields;
  return {
    id,
    file: typeof file === "string" ? file : "",
    byteCount: typeof byteCount === "number" ? byteCount : 0,
    missingSeqs: Array.isArray(missingSeqs) ? missingSeqs.filter((seq) => typeof seq === "number") : [],
  };
}
