import type { Faults } from "./faults.ts";
import type { ScannedPart } from "./scan-options.ts";
import { type Entry, entriesOf, itemsOf, jsonOf, type SourceNode, textUnder, under } from "./source-node.ts";

/**
 * What the scanner does not take: `id` is of a signal, for its keywords, or of a pattern; null where it is about all.
 * `part` is what of it is wrong, where one part alone is. No message quotes a keyword or a pattern.
 */
export type ScannerFault = {
  readonly message: string;
  readonly id: string | null;
  readonly part?: "list" | "pattern" | "pattern_keywords";
};

/** Tries to make a scanner of a policy; of a part of it where the rest is of a wrong shape. */
export type ScanFaultsOf = (part: ScannedPart) => readonly ScannerFault[];

/** What the scanner is made from, without the signals that have a fault: the others can be tried all the same. */
export function soundPart(root: SourceNode, faults: Faults): ScannedPart {
  const isSound = ({ key, value }: Entry) =>
    faults.isSound({ start: key.start, end: Math.max(key.end, value.span.end) });
  const scan = entriesOf(root).get("scan");
  const signals = [...entriesOf(under(root, "signals"))].filter(([, entry]) => isSound(entry));
  const part = {
    ...(scan !== undefined && isSound(scan) ? { scan: jsonOf(scan.value) } : {}),
    signals: Object.fromEntries(signals.map(([id, { value }]) => [id, jsonOf(value)])),
  };
  // INVARIANT: what has no fault of shape is what the schema says, as in `checkPolicy`.
  return part as unknown as ScannedPart;
}

/** What has been said of a place already is not said again, such as that two patterns have one id. */
export function tellScanFaults(found: readonly ScannerFault[], root: SourceNode, faults: Faults): void {
  for (const fault of found) {
    const said = { code: "bad_signal", message: fault.message } as const;
    const place = placeOf(fault, root);
    if (fault.part === undefined) faults.reference(place, said);
    else faults.error(place, said);
  }
}

function placeOf({ id, part }: ScannerFault, root: SourceNode): SourceNode {
  const signals = under(root, "signals") ?? root;
  const list = id === null ? undefined : under(signals, id, "keywords");
  if (list !== undefined && (part === undefined || part === "list")) return list;
  const patterns = [...entriesOf(signals).values()].flatMap(({ value }) => itemsOf(under(value, "patterns")));
  const named = patterns.filter((one) => textUnder(one, "id")?.text === id);
  const pattern = part === undefined ? named.at(-1) : named[0];
  const key = part === "pattern" ? "pattern" : part === "pattern_keywords" ? "keywords" : "id";
  return under(pattern, key) ?? signals;
}
