const ids = new WeakMap<Request, string>();

/** The id of a request: a UUIDv7 (RFC 9562), made when first asked for, the same from then on. */
export function requestIdOf(request: Request): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const id = Bun.randomUUIDv7();
  ids.set(request, id);
  return id;
}
