/** What `promise` gives, or null where that takes longer or `signal` ends first. What it comes to then is nobody's. */
export async function within<T>(promise: Promise<T>, limitMs: number, signal?: AbortSignal): Promise<T | null> {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const end = () => resolve(null);
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end);
  const timer = setTimeout(end, limitMs);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
