import type { Static, TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ValueError } from "@sinclair/typebox/errors";
import { Refusal } from "./problem.ts";
import { type ReadOptions, readJson, safeName, toFieldName } from "./read-json.ts";

/** The part of a TypeBox error that may be told; the value that it also holds stays where it is. */
type Fault = Pick<ValueError, "path" | "message" | "schema"> & Partial<Pick<ValueError, "errors">>;

/**
 * Reads a body and holds it to a schema. Elysia would do that too, but it lists every fault of a large body and puts
 * the body into its error's message; this stops at the first and keeps nothing.
 */
export function bodyReader<T extends TSchema>(
  schema: T,
  options: ReadOptions,
): (context: { readonly request: Request }) => Promise<Static<T>> {
  const compiled = TypeCompiler.Compile(schema);
  return async ({ request }) => {
    const body = await readJson(request, options);
    if (compiled.Check(body)) return body;
    throw invalid(compiled.Errors(body).First());
  };
}

export function invalid(shallow: Fault | undefined): Refusal {
  const fault = shallow === undefined ? undefined : deepest(shallow);
  if (fault === undefined) return new Refusal("request.invalid_field", "The request is not valid.", { field: "body" });
  if (fault.message === "Unexpected property") return unknownField(fault.path);
  const field = toFieldName(fault.path);
  return new Refusal("request.invalid_field", `${field}: ${expectation(fault.schema) ?? fault.message}.`, { field });
}

/** Of a choice between shapes TypeBox says that none fits; where only one fits so far, what is wrong is inside it. */
function deepest(fault: Fault): Fault {
  const [inner, ...others] = (fault.errors ?? [])
    .flatMap((branch) => branch.First() ?? [])
    .filter(({ path, schema }) => path.length > fault.path.length || isContainer(schema));
  const isInside = inner !== undefined && others.length === 0 && inner.path.length > fault.path.length;
  return isInside ? deepest(inner) : fault;
}

const isContainer = (schema: TSchema): boolean => schema["type"] === "array" || schema["type"] === "object";

/** TypeBox says of a choice only that none fits; the choices are what a caller needs. */
function expectation(schema: TSchema): string | null {
  const choices: unknown = schema["anyOf"];
  if (!Array.isArray(choices)) return null;
  const expected = choices.flatMap((choice: TSchema): string[] => {
    if (typeof choice["const"] === "string") return [choice["const"]];
    if (choice["type"] === "null") return ["null"];
    return typeof choice["title"] === "string" ? [choice["title"]] : [];
  });
  return expected.length === choices.length
    ? `Expected ${expected.length > 1 ? "one of " : ""}${expected.join(", ")}`
    : null;
}

function unknownField(path: string): Refusal {
  const parent = path.slice(0, path.lastIndexOf("/"));
  const name = safeName(path.slice(parent.length + 1));
  if (name === null) {
    const field = toFieldName(parent);
    return new Refusal("request.unknown_field", `${field} has a field that this route does not know.`, { field });
  }
  const field = toFieldName(`${parent}/${name}`);
  return new Refusal("request.unknown_field", `${field} is not a field of this route.`, { field });
}
