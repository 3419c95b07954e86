import { LOCAL_ZONE } from "../../core/decision.ts";
import { addressIn, isLocalServer } from "../../core/hosts.ts";
import { isOllamaCloudName } from "../../core/models.ts";
import type { Faults, Said } from "../faults.ts";
import { quoted } from "../quoted.ts";
import { entriesOf, type SourceNode, type TextAt, textsOf, textUnder, under } from "../source-node.ts";
import { didYouMean } from "../suggest.ts";
import { checkAllowedAddresses, isAllowedAddress } from "./addresses.ts";
import { type Facts, isAuto, keysOf, type ProviderFacts } from "./facts.ts";
import { notDefined } from "./undefined.ts";

/** `GET /v1/ready` shows the database beside the providers, and metrics count what went to nobody under `none`. */
const TAKEN: readonly string[] = ["database", "none"];

export function checkProviders(facts: Facts, environment: ReadonlySet<string> | null, faults: Faults): void {
  for (const { mapping, key, span } of keysOf(under(facts.root, "providers"))) {
    if (!TAKEN.includes(key)) continue;
    faults.ofKey(mapping, key, span, { code: "reserved_name", message: `The name ${quoted(key)} is taken.` });
  }
  for (const provider of facts.providers.values()) {
    checkBaseUrl(provider, faults);
    checkAllowedAddresses(provider, faults);
    checkApiKey(provider.node, environment, faults);
    checkModelNames(provider.node, faults);
    checkDeclared(provider, faults);
  }
  for (const [id, { key, value }] of entriesOf(under(facts.root, "prices"))) {
    const provider = facts.providers.get(id);
    const prices = under(facts.root, "prices") ?? facts.root;
    if (provider !== undefined) checkPriced(provider, value, faults);
    else faults.ofKey(prices, id, key, notDefined("undefined_provider", "provider", id, facts.providers.keys()));
  }
}

/** The URL itself is in no message: who writes credentials into it finds them nowhere else. */
function checkBaseUrl(provider: ProviderFacts, faults: Faults): void {
  const written = textUnder(provider.node, "base_url");
  if (written === undefined) return;
  const url = URL.parse(written.text);
  const wrong = whatIsWrong(written.text, url);
  if (url === null || wrong !== null) {
    faults.reference(written.node, { code: "invalid_url", message: wrong ?? NO_URL });
  } else if (
    provider.zone === LOCAL_ZONE &&
    !isLocalServer(url.hostname) &&
    !isAllowedAddress(provider, url.hostname)
  ) {
    const message = "The server is on the internet, and what is to stay local must not go there.";
    const allowing = addressIn(url.hostname) === null ? "" : ', or allow its address in "allowed_addresses"';
    const suggestion = `name a server of your own network, or give the provider another zone${allowing}`;
    faults.reference(written.node, { code: "not_local", message, suggestion });
  } else if (url.protocol === "http:" && !isLocalServer(url.hostname)) {
    const message = "Requests leave your network over plain http, for everybody on the way to read.";
    faults.warning(written.node, { code: "unencrypted", message, suggestion: "begin the URL with https://" });
  }
}

const NO_URL = "Expected a URL that begins with http:// or https://.";

function whatIsWrong(text: string, url: URL | null): string | null {
  // The parser of URLs drops white space and controls and turns backslashes, and another reader may not.
  if (url === null || !/^https?:\/\/[\x21-\x5b\x5d-\x7e]+$/i.test(text)) return NO_URL;
  if (url.username !== "" || url.password !== "") return "A user name or password has no place in the URL.";
  return /[?#]/.test(text) ? "A query or fragment has no place in the URL." : null;
}

const REFERENCE = /^\$\{([A-Z][A-Z0-9_]{0,99})\}$/;

function checkApiKey(provider: SourceNode, environment: ReadonlySet<string> | null, faults: Faults): void {
  const written = textUnder(provider, "api_key");
  const variable = written === undefined ? undefined : REFERENCE.exec(written.text)?.[1];
  if (written === undefined || variable === undefined || environment === null || environment.has(variable)) return;
  const message = `The environment variable ${quoted(variable)} is not set.`;
  faults.reference(written.node, {
    code: "missing_variable",
    message,
    suggestion: () => didYouMean(variable, environment),
  });
}

const DEFAULTS = ["default_model", "default_embedding_model"] as const;

const defaultsOf = (provider: SourceNode): readonly TextAt[] =>
  DEFAULTS.flatMap((name) => textUnder(provider, name) ?? []);
const wishedOf = (provider: SourceNode): readonly TextAt[] =>
  [...entriesOf(under(provider, "wishes")).values()].flatMap(({ value }) =>
    value.kind === "scalar" ? textsOf(value) : [],
  );

function checkModelNames(provider: SourceNode, faults: Faults): void {
  const isOllama = textUnder(provider, "kind")?.text === "ollama";
  const wrong = (model: string): Said | null => {
    if (isAuto(model))
      return { code: "auto_model", message: `${quoted(model)} leaves the choice to policy; it is no model.` };
    return isOllama && isOllamaCloudName(model) ? CLOUD_MODEL : null;
  };
  for (const { text, node } of [...defaultsOf(provider), ...wishedOf(provider)]) {
    const said = wrong(text);
    if (said !== null) faults.reference(node, said);
  }
  for (const { mapping, key, span } of keysOf(under(provider, "models"))) {
    const said = wrong(key);
    if (said !== null) faults.ofKey(mapping, key, span, said);
  }
  // Clients may wish for a cloud model by its name, and a model of this machine answers.
  for (const { mapping, key, span } of keysOf(under(provider, "wishes"))) {
    const said = isAuto(key) ? wrong(key) : null;
    if (said !== null) faults.ofKey(mapping, key, span, said);
  }
}

const CLOUD_MODEL: Said = {
  code: "cloud_model",
  message: "Ollama forwards models with this ending to a hosted service.",
  suggestion: "name a model that runs on the server itself",
};

function checkDeclared({ node }: ProviderFacts, faults: Faults): void {
  const models = under(node, "models");
  if (models?.kind !== "mapping") return;
  for (const { text, node: at } of [...defaultsOf(node), ...wishedOf(node)]) {
    if (models.entries.has(text)) continue;
    const message = `The provider's "models" do not have ${quoted(text)}.`;
    const suggestion = () => didYouMean(text, models.entries.keys()) ?? `declare it under "models"`;
    faults.reference(at, { code: "undefined_model", message, suggestion });
  }
}

function checkPriced({ askable }: ProviderFacts, prices: SourceNode, faults: Faults): void {
  if (askable === null) return;
  for (const { mapping, key, span } of keysOf(prices)) {
    if (askable.has(key)) continue;
    const message = `The provider cannot be asked for ${quoted(key)}, so its price is never used.`;
    const said = { code: "unused_price", message, suggestion: () => didYouMean(key, askable) } as const;
    faults.ofKey(mapping, key, span, said, "warning");
  }
}
