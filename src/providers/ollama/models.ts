import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ProviderFailure } from "../../core/chat.ts";
import type { AllowedTarget } from "../../core/decision.ts";
import type { JsonObject } from "../../core/json.ts";
import { isOllamaCloudName, withOllamaTag } from "../../core/models.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { Connection } from "../connection.ts";
import { malformed, toFailure } from "../failures.ts";
import { type ListedModel, LOOK_UP_CONNECT_TIMEOUT_MS, LOOK_UP_TIMEOUT_MS, ModelList } from "../model-list.ts";
import { Unreachable, UpstreamStatus } from "../upstream-errors.ts";
import { type ClientOptions, openClient } from "./client.ts";
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
  readonly #server: ClientOptions;

  constructor(upstream: OllamaUpstream, defaultModel: string, connection: Connection) {
    const { baseUrl } = upstream;
    this.#upstream = upstream;
    this.#defaultModel = defaultModel;
    this.#server = { baseUrl, connection, connectTimeoutMs: LOOK_UP_CONNECT_TIMEOUT_MS };
    this.list = new ModelList((signal) => this.#lookUp(signal));
  }

  /**
   * INVARIANT: local means local. Asked before any content is sent, because a server that forwards the model has
   * leaked the prompt by the time its answer says so. For a constrained request it is asked each time.
   */
  async refuseUnlessLocal(
    target: AllowedTarget,
    signal: AbortSignal,
    connectTimeoutMs: number | null,
  ): Promise<ProviderFailure | null> {
    const name = withOllamaTag(target.model);
    const known = this.list.has(name) === "yes" && !target.constrained;
    const looked = this.list.check(known ? LOCALITY_MAX_AGE_MS : 0, LOOK_UP_TIMEOUT_MS);
    const state = await this.#unlessOver(looked, signal, connectTimeoutMs);
    if (state === "unreached") return toFailure(new Unreachable(), this.#upstream, target.model);
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
      const shown: unknown = await openClient(this.#server, signal).show({ model });
      return isParsedObject(shown) && !isRemote(model, shown) ? shown : null;
    } catch {
      return null;
    }
  }

  /** `GET /api/ps`, without models that run elsewhere. */
  async running(): Promise<readonly JsonObject[]> {
    try {
      const signal = AbortSignal.timeout(LOOK_UP_TIMEOUT_MS);
      const loaded: unknown = await openClient(this.#server, signal).ps();
      if (!Value.Check(Entries, loaded)) return [];
      return loaded.models.filter((entry) => !isRemote(entry.name, entry) && !this.#isElsewhere(entry.name));
    } catch {
      return [];
    }
  }

  /** A look-up is shared, and goes on for others when a call has no more time for it. */
  async #unlessOver<T>(looked: Promise<T>, signal: AbortSignal, connectTimeoutMs: number | null) {
    const { promise: over, resolve } = Promise.withResolvers<"aborted" | "unreached">();
    const leave = () => resolve("aborted");
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    const { probe } = this.#server.connection;
    const unwatch = connectTimeoutMs === null ? null : probe?.watch(connectTimeoutMs, () => resolve("unreached"));
    try {
      return await Promise.race([looked, over]);
    } finally {
      signal.removeEventListener("abort", leave);
      unwatch?.();
    }
  }

  #isElsewhere(model: string): boolean {
    return isOllamaCloudName(model) || this.list.has(withOllamaTag(model)) === "remote";
  }

  async #lookUp(signal: AbortSignal): Promise<Result<readonly ListedModel[], ProviderFailure>> {
    try {
      const tags: unknown = await openClient(this.#server, signal).list();
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
