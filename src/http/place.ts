import type { Deps } from "../gateway/deps.ts";
import type { Place } from "../gateway/traffic/contract.ts";
import { Refusal } from "./problem.ts";

/** A place among the requests under way, to be left whatever happens. Throws a `Refusal` where there is none in time. */
export async function placeFor(
  { admission }: Pick<Deps, "admission">,
  { caller, signal }: { readonly caller: string; readonly signal: AbortSignal },
): Promise<Place> {
  const entered = await admission.enter(caller, signal);
  if (entered.kind === "place") return entered;
  if (entered.kind === "left") throw new Refusal("request.aborted", "The caller left before there was a place for it.");
  throw new Refusal(
    "gateway.overloaded",
    "The gateway has as many requests under way as it takes, in all or of one caller.",
    {
      retryAfterMs: entered.retryAfterMs,
    },
  );
}
