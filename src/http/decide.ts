import { Elysia } from "elysia";
import { SURFACES, type Surface } from "../core/chat.ts";
import type { Deps } from "../gateway/deps.ts";
import { dryRun } from "../gateway/dry-run.ts";
import { decideBody } from "./decide-body.ts";
import { labelsOf } from "./labels.ts";
import { Refusal } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { DEFAULT_SURFACE, DecideBody, DecideQuery } from "./schemas/decide.ts";
import { openBody } from "./schemas/literals.ts";
import { COMMON_PROBLEMS, ProblemBody } from "./schemas/problem.ts";
import { SURFACE_TRANSLATIONS } from "./surfaces.ts";
import { bodyReader } from "./validation.ts";

/** `POST /v1/decide`: what would become of a request, without anything coming of it. */
export function decideRoutes(deps: Deps, maxBytes: number) {
  const readers = new Map<Surface, BodyReader>();
  function readerFor(surface: Surface): BodyReader {
    const { body, anyType } = SURFACE_TRANSLATIONS[surface];
    const reader = readers.get(surface) ?? bodyReader(body, { maxBytes, anyType });
    readers.set(surface, reader);
    return reader;
  }
  return new Elysia({ name: "policy-mesh/decide" }).post(
    "/v1/decide",
    async ({ body, request }) => {
      const asked = SURFACE_TRANSLATIONS[surfaceOf(request)].toRequest(body);
      const labels = labelsOf(request, deps.labelsHeader);
      const run = await dryRun(deps, asked, { requestId: requestIdOf(request), signal: request.signal, labels });
      if (!run.ok) throw new Refusal(run.error.code, run.error.message);
      return decideBody(run.value);
    },
    {
      query: DecideQuery,
      body: openBody("Exactly the body that the surface's own route takes."),
      // The word after the function tells the OpenAPI document what the body is; nothing is left to parse by then.
      parse: [({ request }) => readerFor(surfaceOf(request))({ request }), "json"],
      response: { ...COMMON_PROBLEMS, 200: DecideBody, 413: ProblemBody, 415: ProblemBody, 503: ProblemBody },
      detail: {
        summary: "Dry run",
        description:
          "Scans a request and decides by the policy in force, with the reasons. No provider hears of it and nothing goes on record. Answers 200 also where the request would be denied.",
        tags: ["policy"],
      },
    },
  );
}

/** Made when its surface is first asked for: the routes have made the same ones already. */
type BodyReader = ReturnType<typeof bodyReader>;

/** Read here and not by the query's schema, which is asked only when the body was read. */
function surfaceOf({ url }: Request): Surface {
  const [name = DEFAULT_SURFACE, ...others] = new URL(url).searchParams.getAll("surface");
  const surface = SURFACES.find((known) => known === name);
  if (surface !== undefined && others.length === 0) return surface;
  throw new Refusal("request.invalid_field", `surface: Expected one of ${SURFACES.join(", ")}.`, { field: "surface" });
}
