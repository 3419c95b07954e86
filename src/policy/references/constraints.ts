import { LOCAL_ZONE } from "../../core/decision.ts";
import type { Faults } from "../faults.ts";
import { alternatives, quoted } from "../quoted.ts";
import { type SourceNode, type TextAt, textsOf, under } from "../source-node.ts";
import { didYouMean } from "../suggest.ts";
import { type Facts, isAskable } from "./facts.ts";
import { checkProvidersDefined } from "./undefined.ts";

const CLOUD_ZONE = "cloud";

export function checkConstraints(facts: Facts, faults: Faults): void {
  for (const { node } of facts.constraints) {
    const forbid = under(node, "forbid");
    checkProvidersDefined(textsOf(under(forbid, "providers")), facts.providers, faults);
    for (const model of textsOf(under(forbid, "models"))) checkModel(model, facts, faults);
    if (facts.zones !== null && forbid !== undefined) checkZones(forbid, facts, facts.zones, faults);
  }
}

function checkModel({ text, node }: TextAt, facts: Facts, faults: Faults): void {
  if (facts.providers.size === 0 || isAskable(facts, text)) return;
  const known = () => [...facts.providers.values()].flatMap(({ askable }) => [...(askable ?? [])]);
  const message = `No provider can be asked for ${quoted(text)}, so forbidding it changes nothing.`;
  faults.warning(node, { code: "undefined_model", message, suggestion: () => didYouMean(text, known()) });
}

function checkZones(forbid: SourceNode, facts: Facts, zones: ReadonlySet<string>, faults: Faults): void {
  const named = textsOf(under(forbid, "zones"));
  const except = textsOf(under(forbid, "zones_except"));
  for (const zone of [...named, ...except]) checkZone(zone, zones, faults);
  const isExcepted = (zone: string) => except.some(({ text }) => text === zone);
  const others = except.length === 0 ? [] : [...zones].filter((zone) => !isExcepted(zone));
  const forbidsMore = ["zones", "providers", "models"].some((key) => under(forbid, key) !== undefined);
  if (except.length > 0 && others.length === 0 && !forbidsMore) {
    const message = "This forbids nothing: every provider is in a zone that is excepted.";
    faults.reference(forbid, { code: "forbids_nothing", message });
  }
  checkLeftOpen(named, new Set([...named.map(({ text }) => text), ...others]), forbid, facts, faults);
}

/** Whoever forbids the cloud where everything is local guards against later changes, and has not misspelt a zone. */
function checkZone({ text, node }: TextAt, zones: ReadonlySet<string>, faults: Faults): void {
  if (zones.has(text) || zones.size === 0) return;
  const isGuard = text === CLOUD_ZONE && [...zones].every((zone) => zone === LOCAL_ZONE);
  const message = `No provider is in the zone ${quoted(text)}.`;
  if (isGuard) faults.warning(node, { code: "forbids_nothing", message });
  else faults.reference(node, { code: "undefined_zone", message, suggestion: () => didYouMean(text, zones) });
}

/** A zone with a name of its own is somebody else's too, and who forbids `cloud` easily forgets it. */
function checkLeftOpen(
  named: readonly TextAt[],
  forbidden: ReadonlySet<string>,
  forbid: SourceNode,
  { providers }: Facts,
  faults: Faults,
): void {
  const cloud = named.find(({ text }) => text === CLOUD_ZONE);
  if (cloud === undefined) return;
  const byName = new Set(textsOf(under(forbid, "providers")).map(({ text }) => text));
  const open = [...providers].flatMap(([id, { zone = LOCAL_ZONE }]) =>
    zone === LOCAL_ZONE || forbidden.has(zone) || byName.has(id) ? [] : [zone],
  );
  if (open.length === 0) return;
  const zones = alternatives([...new Set(open)].map(quoted));
  const message = `This does not forbid ${zones}, and what is not local is somebody else's.`;
  faults.warning(cloud.node, { code: "zone_left_open", message, suggestion: "say zones_except: [local]" });
}
