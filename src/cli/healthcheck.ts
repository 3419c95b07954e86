import { bypassProxyForLoopback } from "./loopback.ts";
import { settingsOrComplain } from "./settings.ts";

const TIMEOUT_MS = 3_000;

/** What a container runs against the gateway beside it: an image with only the binary has no curl. */
export async function healthcheck(): Promise<number> {
  const config = settingsOrComplain();
  if (config === null) return 1;
  bypassProxyForLoopback();
  const everywhere = config.host === "0.0.0.0" || config.host === "::";
  const host = everywhere ? "127.0.0.1" : config.host;
  try {
    const response = await fetch(`http://${host.includes(":") ? `[${host}]` : host}:${config.port}/v1/ready`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    console.log(response.ok ? "ready" : "not ready");
    return response.ok ? 0 : 1;
  } catch {
    console.error("no answer");
    return 1;
  }
}
