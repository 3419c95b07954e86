import { isJsonObject } from "../../core/json.ts";
import { type SseEvent, toSse } from "../sse.ts";
import type { Asked } from "./answers.ts";
import type { RawEvent } from "./protocol.ts";

/** What all events of a stream have in common. */
type Head = { readonly id: string; readonly created: number };

/** Events that a server sends before one that has an id: Azure sends one. */
const MAX_EARLY_EVENTS = 4;

/** Sees to it that all events of a stream have one id, one time of creation and one model, and say what they are. */
export class StreamHead {
  readonly #asked: Asked;
  readonly #wantsUsage: boolean;
  readonly #idPrefix: string;
  readonly #object: string;
  readonly #early: RawEvent[] = [];
  #head: Head | null = null;
  #model: string | undefined;

  constructor(asked: Asked, wantsUsage: boolean) {
    this.#asked = asked;
    this.#wantsUsage = wantsUsage;
    const isCompletion = asked.request.task.kind === "completion";
    this.#idPrefix = isCompletion ? "cmpl" : "chatcmpl";
    this.#object = isCompletion ? "text_completion" : "chat.completion.chunk";
  }

  /** As the server said; undefined where it has not yet. */
  get reportedModel(): string | undefined {
    return this.#model;
  }

  /** What is to go out now: none where the event must wait for one with an id. Null where too many would have to. */
  write(event: SseEvent, parsed: RawEvent): Uint8Array[] | null {
    this.#model ||= parsed.model ?? undefined;
    if (this.#head !== null) return [this.#withHead(event, parsed, this.#head)];
    if (!parsed.id && (parsed.choices ?? []).length === 0) {
      return this.#early.push(parsed) > MAX_EARLY_EVENTS ? null : [];
    }
    const id = parsed.id || `${this.#idPrefix}-${crypto.randomUUID()}`;
    const head = { id, created: parsed.created ?? Math.floor(Date.now() / 1_000) };
    this.#head = head;
    return [...this.#early.map((early) => this.#restated(early, head)), this.#withHead(event, parsed, head)];
  }

  #withHead(event: SseEvent, parsed: RawEvent, head: Head): Uint8Array {
    const isOfStream = parsed.id === head.id && parsed.created === head.created && parsed.model === this.#streamModel();
    const isUnasked = isJsonObject(parsed.usage) && !this.#wantsUsage;
    const isAsItShouldBe = event.plain && isOfStream && namesItsObject(parsed) && !isUnasked;
    return isAsItShouldBe ? event.bytes : this.#restated(parsed, head);
  }

  #streamModel(): string {
    return this.#model || this.#asked.model;
  }

  #restated(parsed: RawEvent, { id, created }: Head): Uint8Array {
    const { usage, ...others } = parsed;
    return toSse({
      ...others,
      ...(usage === undefined || (isJsonObject(usage) && !this.#wantsUsage) ? {} : { usage }),
      id,
      created,
      ...(namesItsObject(parsed) ? {} : { object: this.#object }),
      model: this.#streamModel(),
    });
  }
}

const namesItsObject = ({ object }: RawEvent): boolean => typeof object === "string" && object !== "";
