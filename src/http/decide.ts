import { Elysia } from "elysia";
import type { Deps } from "../gateway/deps.ts";
import { dryRun } from "../gateway/dry-run.ts";
import { decideBody } from "./decide-body.ts";
import { placeFor } from "./place.ts";
import { Refusal } from "./problem.ts";
import { DecideBody, SURFACE_BODY, SurfaceQuery } from "./schemas/decide.ts";
import { BODY_PROBLEMS, COMMON_PROBLEMS } from "./schemas/problem.ts";
import { surfaceBodyReader, surfaceOf } from "./surface-body.ts";
import { callOf } from "./surface-route.ts";
import { SURFACE_TRANSLATIONS } from "./surfaces.ts";

/** `POST /v1/decide`: what would become of a request, without anything coming of it. */
export function decideRoutes(deps: Deps, maxBytes: number) {
  return new Elysia({ name: "policy-mesh/decide" }).post(
    "/v1/decide",
    async ({ body, request }) => {
      const asked = SURFACE_TRANSLATIONS[surfaceOf(request)].toRequest(body);
      const call = callOf(request, deps);
      const place = await placeFor(deps, call);
      try {
        const run = await dryRun(deps, asked, call);
        if (!run.ok) throw new Refusal(run.error.code, run.error.message);
        return decideBody(run.value);
      } finally {
        place.leave();
      }
    },
    {
      query: SurfaceQuery,
      body: SURFACE_BODY,
      // The word after the function tells the OpenAPI document what the body is; nothing is left to parse by then.
      parse: [surfaceBodyReader(maxBytes), "json"],
      response: { ...COMMON_PROBLEMS, ...BODY_PROBLEMS, 200: DecideBody },
      detail: {
        summary: "Dry run",
        description:
          "Scans a request and decides by the policy in force, with the reasons. No provider hears of it and nothing goes on record. Answers 200 also where the request would be denied.",
        tags: ["policy"],
      },
    },
  );
}
