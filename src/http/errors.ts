import { Elysia, ValidationError } from "elysia";
import type { Telemetry } from "../gateway/deps.ts";
import { dialectOf } from "./dialect.ts";
import { problemResponse, Refusal } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { invalid } from "./validation.ts";

type Routes = () => readonly { readonly method: string; readonly path: string }[];

/**
 * Builds every error body, in every mode: what Elysia would answer by itself shows schema, value and stack outside
 * production.
 */
export function errorHandling(telemetry: Telemetry, routes: Routes) {
  return new Elysia({ name: "policy-mesh/errors" }).onError({ as: "global" }, ({ code, error, request }) => {
    const requestId = requestIdOf(request);
    const refusal = toRefusal(code, error, request, routes);
    if (refusal === null) telemetry.bug({ requestId, error });
    const answered = refusal ?? new Refusal("gateway.internal", "The gateway failed on this request.");
    telemetry.requestRefused({ requestId, code: answered.code, field: loggable(answered) });
    return problemResponse(requestId, answered, dialectOf(URL.parse(request.url)?.pathname ?? ""));
  });
}

/** The name of a field that nobody here knows is the client's own word: it is told back to the client, and to no log. */
function loggable({ code, field }: Refusal): string | null {
  return code === "request.unknown_field" || code === "request.untranslatable_field" ? null : field;
}

/** Null for what is not the client's doing. */
function toRefusal(code: string | number, error: unknown, request: Request, routes: Routes): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof Error && error.cause instanceof Refusal) return error.cause;
  if (error instanceof ValidationError) return fromValidation(error);
  if (code === "NOT_FOUND") return fromNotFound(request, routes());
  if (code === "PARSE") return new Refusal("request.invalid_json", "The body cannot be read.", { field: "body" });
  return null;
}

function fromValidation(error: ValidationError): Refusal | null {
  if (error.type === "response") return null;
  return invalid(error.valueError);
}

function fromNotFound(request: Request, routes: ReturnType<Routes>): Refusal {
  const path = URL.parse(request.url)?.pathname ?? "";
  const methods = [...new Set(routes.filter((route) => matches(route.path, path)).map((route) => route.method))];
  if (methods.length === 0) return new Refusal("request.not_found", "There is no such route; /docs lists them.");
  const allow = methods.sort().join(", ");
  return new Refusal("request.method_not_allowed", `This route takes ${allow}.`, { headers: { allow } });
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split("/");
  const given = path.split("/");
  return (
    expected.length === given.length &&
    expected.every((part, index) => (part.startsWith(":") ? given[index] !== "" : part === given[index]))
  );
}
