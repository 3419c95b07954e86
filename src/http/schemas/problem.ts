import { Type } from "@sinclair/typebox";
import { nullable } from "./literals.ts";

/** What every refused request is answered with. */
export const ProblemBody = Type.Object(
  {
    request_id: Type.String({ format: "uuid" }),
    error: Type.Object({
      code: Type.String({ description: "A code of docs/reference/reasons.md." }),
      message: Type.String(),
      field: nullable(Type.String({ description: "The field at fault, where one is." })),
    }),
  },
  { description: "Refused; no audit row." },
);

/** What any route may answer beside its own: a Host header that is none, a foreign one, a bug. */
export const COMMON_PROBLEMS = { 400: ProblemBody, 421: ProblemBody, 500: ProblemBody } as const;

/** What any route may answer that takes a body: too slow, too large, of another type, or no room for it now. */
export const BODY_PROBLEMS = { 408: ProblemBody, 413: ProblemBody, 415: ProblemBody, 503: ProblemBody } as const;
