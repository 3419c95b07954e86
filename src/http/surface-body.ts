import { SURFACES, type Surface } from "../core/chat.ts";
import { Refusal } from "./problem.ts";
import { DEFAULT_SURFACE } from "./schemas/decide.ts";
import { SURFACE_TRANSLATIONS } from "./surfaces.ts";
import { bodyReader } from "./validation.ts";

type BodyReader = ReturnType<typeof bodyReader>;

/** Reads the body of the surface that the query names, as that surface's own route does. */
export function surfaceBodyReader(maxBytes: number): BodyReader {
  // Made when its surface is first asked for: the routes have made the same ones already.
  const readers = new Map<Surface, BodyReader>();
  function readerFor(surface: Surface): BodyReader {
    const { body, anyType } = SURFACE_TRANSLATIONS[surface];
    const reader = readers.get(surface) ?? bodyReader(body, { maxBytes, anyType });
    readers.set(surface, reader);
    return reader;
  }
  return ({ request }) => readerFor(surfaceOf(request))({ request });
}

/** Read here and not by the query's schema, which is asked only when the body was read. */
export function surfaceOf({ url }: Request): Surface {
  const [name = DEFAULT_SURFACE, ...others] = new URL(url).searchParams.getAll("surface");
  const surface = SURFACES.find((known) => known === name);
  if (surface !== undefined && others.length === 0) return surface;
  throw new Refusal("request.invalid_field", `surface: Expected one of ${SURFACES.join(", ")}.`, { field: "surface" });
}
