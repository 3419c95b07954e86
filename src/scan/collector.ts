import type { Finding, View } from "../core/finding.ts";
import { type Place, pathOf } from "./segments.ts";

/** Places told of for one code; what is said of a request beyond these is nothing new for a decision. */
export const MAX_PLACES_PER_CODE = 16;

/** `reading` tells apart readings of the same view, such as the first decoding and the second. */
type Entry = Omit<Finding, "count" | "path"> & { readonly place: Place; readonly reading: string; count: number };

/** All findings with one code, by place. */
class Kind {
  readonly entries = new Map<Place, Entry>();
  /** The places that hold those in which something was found. */
  readonly above = new Set<Place>();
}

/** Findings by code and place. The first reading that shows one is the one that is told of, and counted. */
export class Collector {
  readonly #kinds = new Map<string, Kind>();
  readonly #order: Entry[] = [];

  /** What is found over several texts taken as one is no news if one of them has it by itself. */
  add(code: string, place: Place, view: View, reading: string, isOverSeveral = false): void {
    const kind = this.#kindOf(code);
    const known = kind.entries.get(place);
    if (known !== undefined) {
      if (known.reading === reading) known.count++;
      return;
    }
    if (kind.entries.size >= MAX_PLACES_PER_CODE || (isOverSeveral && kind.above.has(place))) return;
    const entry: Entry = { code, place, view, reading, count: 1 };
    kind.entries.set(place, entry);
    this.#order.push(entry);
    for (let parent = place.parent; parent !== null; parent = parent.parent) kind.above.add(parent);
  }

  findings(): readonly Finding[] {
    const paths = new Map<Place, string>();
    return this.#order.map(({ code, place, view, count }) => ({ code, path: pathOf(place, paths), view, count }));
  }

  #kindOf(code: string): Kind {
    const kind = this.#kinds.get(code) ?? new Kind();
    this.#kinds.set(code, kind);
    return kind;
  }
}
