import { LOCAL_ZONE } from "../../core/decision.ts";
import { addressIn, isInBlock, readAddressBlock } from "../../core/hosts.ts";
import type { Faults } from "../faults.ts";
import { textsOf, textUnder, under } from "../source-node.ts";
import { keysOf, type ProviderFacts } from "./facts.ts";

const KEY = "allowed_addresses";
const ANY = "any";

/** Each block is one, and only a provider of the local zone has any: others are held to no addresses. */
export function checkAllowedAddresses({ node, zone }: ProviderFacts, faults: Faults): void {
  const written = keysOf(node).find(({ key }) => key === KEY);
  if (written !== undefined && zone !== undefined && zone !== LOCAL_ZONE) {
    const message = `Only providers of the zone "${LOCAL_ZONE}" are held to addresses.`;
    const said = { code: "addresses_not_local", message, suggestion: "remove the key" } as const;
    faults.ofKey(written.mapping, KEY, written.span, said);
  }
  const list = under(node, KEY);
  if (list?.kind !== "list") return;
  for (const { text, node: item } of textsOf(list)) {
    if (readAddressBlock(text) === null) faults.reference(item, { code: "invalid_block", message: NO_BLOCK });
  }
}

const NO_BLOCK =
  "Expected the first address of a block, a slash, and how many bits its addresses share; the bits behind those are zero.";

/** Whether the host of a URL is an address that the file lets a local provider have. */
export function isAllowedAddress({ node }: ProviderFacts, host: string): boolean {
  const address = addressIn(host);
  if (address === null) return false;
  if (textUnder(node, KEY)?.text === ANY) return true;
  return textsOf(under(node, KEY)).some(({ text }) => {
    const block = readAddressBlock(text);
    return block !== null && isInBlock(address, block);
  });
}
