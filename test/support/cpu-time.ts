/** How long this process itself was at work in `work`, in milliseconds: what others take of a machine's time is no part of it. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
