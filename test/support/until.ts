/** Waits for something to come true, not for time to pass; `event` says what was waited for in vain. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  event: string,
  timeoutMs = 20_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${event}`);
    await Bun.sleep(5);
  }
}
