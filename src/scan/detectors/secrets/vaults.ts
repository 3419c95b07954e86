import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { alphanumeric, base64, characters, UUID, urlSafe } from "./value-form.ts";

const VAULT = "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes";
const ONE_PASSWORD = "https://developer.1password.com/docs/service-accounts/security/";

const HASHICORP_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.vault_service_token",
    title: "A service token of HashiCorp Vault.",
    source: VAULT,
    prefixes: ["hvs."],
    value: urlSafe(24),
    mixed: true,
    minEntropy: 3.3,
    open: true,
  }),
  prefixedSecret({
    code: "secret.vault_batch_token",
    title: "A batch token of HashiCorp Vault.",
    source: VAULT,
    prefixes: ["hvb."],
    value: urlSafe(60),
    mixed: true,
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.vault_recovery_token",
    title: "A recovery token of HashiCorp Vault.",
    source: VAULT,
    prefixes: ["hvr."],
    value: urlSafe(24),
    mixed: true,
    minEntropy: 3.3,
    open: true,
  }),
  prefixedSecret({
    code: "secret.vault_old_token",
    title: "A token of HashiCorp Vault from before version 1.10.",
    source: VAULT,
    prefixes: ["s."],
    value: alphanumeric(24),
    mixed: true,
    minEntropy: 3.6,
    context: ["vault", "token", "hashicorp", "secret", "auth"],
  }),
  keyedSecret({
    code: "secret.consul_nomad_token",
    title: "A Consul or Nomad ACL token, by its name.",
    source: "https://developer.hashicorp.com/consul/docs/security/acl/tokens",
    names: ["consul_http_token", "consul_token", "x-consul-token", "nomad_token", "x-nomad-token"],
    value: UUID,
    complete: true,
  }),
  {
    code: "secret.ansible_vault",
    title: "The head of a file that Ansible Vault encrypted.",
    source: "https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html",
    literals: ["$ansible_vault;1."],
    pattern: "\\$ANSIBLE_VAULT;1\\.[0-9];AES(?:256)?",
    inWord: true,
    minEntropy: 0,
    reach: 25,
    strength: "medium",
  },
  prefixedSecret({
    code: "secret.age_secret_key",
    title: "A secret key of the age encryption tool.",
    source: "https://age-encryption.org/v1",
    prefixes: ["AGE-SECRET-KEY-1"],
    value: characters("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    minEntropy: 3.5,
  }),
];

const PASSWORD_STORE_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.onepassword_service_account",
    title: "A token of a 1Password service account.",
    source: ONE_PASSWORD,
    prefixes: ["ops_eyJ"],
    value: base64(200),
    minEntropy: 4,
    open: true,
  }),
  prefixedSecret({
    code: "secret.onepassword_secret_key",
    title: "The secret key of a 1Password account.",
    source: "https://support.1password.com/secret-key-security/",
    prefixes: ["A3-"],
    value: {
      pattern: "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
      maxLength: 36,
    },
    minEntropy: 3.3,
  }),
  keyedSecret({
    code: "secret.bitwarden_access_token",
    title: "An access token of Bitwarden's secrets manager, by its name.",
    source: "https://bitwarden.com/help/access-tokens/",
    names: ["bws_access_token", "bitwarden"],
    value: { pattern: `0\\.${UUID.pattern}\\.[A-Za-z0-9]{30}`, maxLength: 69 },
    complete: true,
  }),
  prefixedSecret({
    code: "secret.infisical_service_token",
    title: "An Infisical service token.",
    source: "https://infisical.com/docs/documentation/platform/token",
    prefixes: ["st."],
    value: { pattern: "[0-9a-f]{24}\\.[0-9a-f]{32}\\.[0-9a-f]{32}", maxLength: 90 },
  }),
];

export const VAULT_SECRETS: readonly SecretRule[] = [...HASHICORP_SECRETS, ...PASSWORD_STORE_SECRETS];
