import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { TOKEN_END, UUID_PATTERN } from "./token-end.ts";
import { hex } from "./value-form.ts";

const WORDPRESS_SALTS = "auth logged_in nonce"
  .split(" ")
  .flatMap((name) => [`${name}_key'`, `${name}_salt'`, `${name}_key"`, `${name}_salt"`]);

/** Keys that frameworks sign with, and tokens of networks and of stores of secrets whose parts give them away. */
export const FRAMEWORK_SECRETS: readonly SecretRule[] = [
  keyedSecret({
    code: "secret.django_secret_key",
    title: "The secret key of a Django project, as startproject makes it.",
    source: "https://docs.djangoproject.com/en/stable/ref/settings/#secret-key",
    names: ["secret_key"],
    value: { pattern: "(?:django-insecure-)?[a-z0-9!@#$%^&*(\\-_=+)]{50}", maxLength: 68 },
    complete: true,
    minEntropy: 4,
  }),
  keyedSecret({
    code: "secret.wordpress_salt",
    title: "A key or salt of WordPress, as its generator makes it.",
    source: "https://api.wordpress.org/secret-key/1.1/salt/",
    names: WORDPRESS_SALTS,
    value: { pattern: "(?<=[\"'])(?=[^'\"]{0,60}[0-9])[ !#-&(-\\[\\]-~]{64}", maxLength: 64 },
    complete: true,
    minEntropy: 4.9,
  }),
  keyedSecret({
    code: "secret.rails_key",
    title: "The master key or the base of the secret keys of a Rails application.",
    source: "https://guides.rubyonrails.org/security.html#custom-credentials",
    names: ["rails_master_key", "secret_key_base"],
    value: { pattern: "(?:[0-9a-f]{128}|[0-9a-f]{32})", maxLength: 128 },
    complete: true,
  }),
  {
    code: "secret.defined_networking_token",
    title: "A token of Defined Networking's API.",
    source: "https://docs.defined.net/",
    literals: ["dnkey-"],
    pattern: `dnkey-([A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52})${TOKEN_END}`,
    minEntropy: 3.5,
    reach: 90,
  },
  {
    code: "secret.authress_access_key",
    title: "The access key of an Authress service client.",
    source: "https://authress.io/knowledge-base/",
    literals: ["sc_", "ext_", "scauth_", "authress_"],
    pattern: `(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.([A-Za-z0-9+/_=-]{30,120})${TOKEN_END}`,
    minEntropy: 3.5,
    reach: 208,
  },
  {
    code: "secret.bitwarden_machine_token",
    title: "An access token of Bitwarden's secrets manager.",
    source: "https://bitwarden.com/help/access-tokens/",
    literals: Array.from("0123456789abcdef", (digit) => `0.${digit}`),
    pattern: `0\\.${UUID_PATTERN}\\.([A-Za-z0-9]{30}):[A-Za-z0-9+/]{22}==`,
    minEntropy: 3.5,
    reach: 96,
  },
  keyedSecret({
    code: "secret.braintree_private_key",
    title: "A Braintree private key, by its name.",
    source: "https://developer.paypal.com/braintree/docs/start/overview",
    names: ["braintree"],
    value: hex(32),
  }),
];
