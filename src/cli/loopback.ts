/** A proxy of the environment cannot reach this machine's loopback, and Bun's `fetch` would ask it even so. */
export function bypassProxyForLoopback(): void {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    process.env[name] = [process.env[name], "127.0.0.1", "localhost", "::1"].filter(Boolean).join(",");
  }
}
