import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import type { JsonObject } from "../../core/json.ts";
import { isOllamaCloudName, withOllamaTag } from "../../core/models.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { malformed, toFailure } from "../failures.ts";
import { UpstreamStatus } from "../guarded-fetch.ts";
import { type ListedModel, LOOK_UP_TIMEOUT_MS, ModelList } from "../model-list.ts";
import { openClient } from "./client.ts";
import { isParsedObject, isRemote } from "./protocol.ts";
import { listTimedOut, missing, type OllamaUpstream, remoteModel, unproven } from "./upstream.ts";

/** How long the server's word that a model is its own is taken before it is asked again. */
const LOCALITY_MAX_AGE_MS = 30_000;

/** An entry of `GET /api/tags` and `GET /api/ps`, with all that it says. */
const Entry = Type.Unsafe<JsonObject & { readonly name: string }>(Type.Object({ name: Type.String({ minLength: 1 }) }));
const Entries = Type.Object({ models: Type.Array(Entry) });

/** The models of one server, and what they are. */
export class OllamaModels {
  readonly list: ModelList;
  readonly #upstream: OllamaUpstream;
  readonly #defaultModel: string;

  constructor(upstream: OllamaUpstream, defaultModel: string) {
    this.#upstream = upstream;
    this.#defaultModel = defaultModel;
    this.list = new ModelList((signal) => this.#lookUp(signal));
  }

  /**
   * INVARIANT: local means local. Asked before any content is sent, because a server that forwards the model has
   * leaked the prompt by the time its answer says so. For a constrained request it is asked each time.
   */
  async refuseUnlessLocal(target: AllowedTarget, signal: AbortSignal): Promise<ProviderFailure | null> {
    const name = withOllamaTag(target.model);
    const known = this.list.has(name) === "yes" && !target.constrained;
    const looked = this.list.check(known ? LOCALITY_MAX_AGE_MS : 0, LOOK_UP_TIMEOUT_MS);
    const state = await Promise.race([looked, untilAborted(signal)]);
    if (state === "aborted" || state.status === "unknown") return listTimedOut(this.#upstream);
    if (state.status === "down") return state.failure;
    const availability = isOllamaCloudName(name) ? "remote" : this.list.has(name);
    if (availability === "remote") return remoteModel(target.model, this.#upstream);
    if (availability !== "yes") return missing(target.model, this.#upstream);
    return target.constrained && !this.list.isProven(name) ? unproven(target.model, this.#upstream) : null;
  }

  /** `POST /api/show`, or null for a model that runs elsewhere and whatever goes wrong. */
  async describe(model: string, signal = AbortSignal.timeout(LOOK_UP_TIMEOUT_MS)): Promise<JsonObject | null> {
    if (this.#isElsewhere(model)) return null;
    try {
      const shown: unknown = await openClient(this.#upstream.baseUrl, signal).show({ model });
      return isParsedObject(shown) && !isRemote(model, shown) ? shown : null;
    } catch {
      return null;
    }
  }

  /** `GET /api/ps`, without models that run elsewhere. */
  async running(): Promise<readonly JsonObject[]> {
    try {
      const signal = AbortSignal.timeout(LOOK_UP_TIMEOUT_MS);
      const loaded: unknown = await openClient(this.#upstream.baseUrl, signal).ps();
      if (!Value.Check(Entries, loaded)) return [];
      return loaded.models.filter((entry) => !isRemote(entry.name, entry) && !this.#isElsewhere(entry.name));
    } catch {
      return [];
    }
  }

  #isElsewhere(model: string): boolean {
    return isOllamaCloudName(model) || this.list.has(withOllamaTag(model)) === "remote";
  }

  async #lookUp(signal: AbortSignal): Promise<Result<readonly ListedModel[], ProviderFailure>> {
    try {
      const tags: unknown = await openClient(this.#upstream.baseUrl, signal).list();
      return Value.Check(Entries, tags) ? ok(tags.models.map(toListed)) : err(malformed(this.#upstream));
    } catch (thrown) {
      // Every Ollama has the list. What has none is something else that speaks its protocol, and is taken at the
      // operator's word for the one model that the operator named, though not with a constrained request.
      if (thrown instanceof UpstreamStatus && thrown.status === 404) {
        return ok([{ name: withOllamaTag(this.#defaultModel), remote: false, unproven: true, listing: null }]);
      }
      return err(signal.aborted ? listTimedOut(this.#upstream) : toFailure(thrown, this.#upstream, this.#defaultModel));
    }
  }
}

function toListed(entry: JsonObject & { readonly name: string }): ListedModel {
  const remote = isRemote(entry.name, entry);
  return { name: withOllamaTag(entry.name), remote, listing: remote ? null : entry };
}

const untilAborted = (signal: AbortSignal): Promise<"aborted"> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
