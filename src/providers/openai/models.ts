import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { err, ok } from "../../core/result.ts";
import { malformed, toFailure, type Upstream } from "../failures.ts";
import { LOOK_UP_CONNECT_TIMEOUT_MS, type LookUp } from "../model-list.ts";
import { type ClientOptions, openClient } from "./client.ts";

const AnyObject = Type.Unsafe<JsonObject>(Type.Object({}));
/** `GET /models`. */
const Models = Type.Object({
  data: Type.Array(Type.Intersect([Type.Object({ id: Type.String({ minLength: 1 }) }), AnyObject])),
});

/** What clients are told of a model. Servers add more, such as llama-server its command line and vLLM its folders. */
const LISTED_FIELDS = ["id", "object", "created", "owned_by", "context_length", "max_model_len"] as const;

/** Which models a server lists. `defaultModel` is what a failure may name. */
export const lookUpModels =
  (server: ClientOptions, upstream: Upstream, defaultModel: string): LookUp =>
  async (signal) => {
    const client = openClient(server, { signal, stream: false, connectTimeoutMs: LOOK_UP_CONNECT_TIMEOUT_MS });
    try {
      const page: unknown = await client.models.list();
      if (!Value.Check(Models, page)) return err(malformed(upstream));
      return ok(page.data.map((model) => ({ name: model.id, remote: false, listing: listingOf(model) })));
    } catch (thrown) {
      if (signal.aborted) {
        return err({ category: "timeout", message: `${upstream.label} did not say in time which models it has.` });
      }
      return err(toFailure(thrown, upstream, defaultModel));
    }
  };

function listingOf(model: JsonObject): JsonObject {
  const told = LISTED_FIELDS.flatMap((field): [string, JsonValue][] => {
    const value = model[field];
    return typeof value === "string" || typeof value === "number" ? [[field, value]] : [];
  });
  return Object.fromEntries(told);
}
