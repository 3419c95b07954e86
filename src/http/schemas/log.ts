import { type Static, Type } from "@sinclair/typebox";
import { COMMON_PROBLEMS, ProblemBody } from "./problem.ts";

export const TileParams = Type.Object({
  level: Type.String({ description: "0 for leaves; each level stands for 256 times as many." }),
  index: Type.String({
    description:
      "In groups of three digits, all but the last with an x and a slash, which need not be escaped: x001/x234/067. A tile that is not full yet has its width behind it: 067.p/8.",
  }),
});

export const PendingReceiptBody = Type.Object(
  { request_id: Type.String({ format: "uuid" }), status: Type.Literal("pending") },
  { description: "No checkpoint covers the row yet; ask again after `retry-after` seconds." },
);
export type PendingReceiptBody = Static<typeof PendingReceiptBody>;

/** What a route answers that gives no JSON, for the OpenAPI document: the plugin knows one type for all statuses. */
export function answers(
  type: string | readonly string[],
  description: string,
  others: Readonly<Record<number, object>>,
) {
  const json = Object.entries({ ...COMMON_PROBLEMS, 503: ProblemBody, ...others }).map(([status, schema]) => [
    status,
    { description: DESCRIPTIONS[status] ?? "Refused.", content: { "application/json": { schema } } },
  ]);
  const content = [type].flat().map((name) => [name, { schema: SCHEMAS[name] ?? {} }]);
  return { ...Object.fromEntries(json), 200: { description, content: Object.fromEntries(content) } };
}

/** Of bytes there is nothing to say. */
const TEXT = { type: "string" };
const SCHEMAS: Readonly<Record<string, object>> = {
  "text/plain": TEXT,
  "text/csv": TEXT,
  "application/x-ndjson": TEXT,
};
const DESCRIPTIONS: Readonly<Record<string, string>> = { 202: "Not yet." };
