import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { alphanumeric, characters, hex, UUID, urlSafe } from "./value-form.ts";

const PYPI = "https://pypi.org/help/#apitoken";
const JFROG = "https://jfrog.com/help/r/jfrog-platform-administration-documentation/reference-token";

export const REGISTRY_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.npm_token",
    title: "An npm access token.",
    source: "https://docs.npmjs.com/about-access-tokens",
    prefixes: ["npm_"],
    value: alphanumeric(36),
    minEntropy: 3.5,
  }),
  keyedSecret({
    code: "secret.npm_old_token",
    title: "An npm access token in the form of a UUID, by its name.",
    source: "https://docs.npmjs.com/cli/configuring-npm/npmrc",
    names: ["_authtoken"],
    value: UUID,
    complete: true,
  }),
  prefixedSecret({
    code: "secret.pypi_token",
    title: "An API token of PyPI or its test instance.",
    source: PYPI,
    prefixes: ["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"],
    value: urlSafe(50),
    minEntropy: 3.8,
    open: true,
  }),
  prefixedSecret({
    code: "secret.rubygems_key",
    title: "A RubyGems API key.",
    source: "https://guides.rubygems.org/rubygems-org-api/",
    prefixes: ["rubygems_"],
    value: hex(48),
  }),
  prefixedSecret({
    code: "secret.cratesio_token",
    title: "A crates.io API token.",
    source: "https://doc.rust-lang.org/cargo/reference/publishing.html",
    prefixes: ["cio"],
    value: alphanumeric(32),
    mixed: true,
    minEntropy: 3.5,
  }),
  prefixedSecret({
    code: "secret.nuget_key",
    title: "A NuGet API key.",
    source: "https://learn.microsoft.com/nuget/nuget-org/publish-a-package",
    prefixes: ["oy2"],
    value: characters("a-z0-9", 43),
    minEntropy: 3.5,
  }),
  prefixedSecret({
    code: "secret.docker_hub_token",
    title: "A Docker Hub personal access token.",
    source: "https://docs.docker.com/security/access-tokens/",
    prefixes: ["dckr_pat_"],
    value: urlSafe(27),
    minEntropy: 3,
  }),
  prefixedSecret({
    code: "secret.docker_hub_organization_token",
    title: "A Docker Hub organization access token.",
    source: "https://docs.docker.com/enterprise/security/access-tokens/",
    prefixes: ["dckr_oat_"],
    value: urlSafe(27, 40),
    minEntropy: 3,
  }),
  prefixedSecret({
    code: "secret.jfrog_api_key",
    title: "A JFrog API key.",
    source: "https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key",
    prefixes: ["AKCp"],
    value: alphanumeric(60, 72),
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.jfrog_reference_token",
    title: "A JFrog reference token.",
    source: JFROG,
    prefixes: ["cmVmdGtu"],
    value: alphanumeric(56),
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.clojars_token",
    title: "A Clojars deploy token.",
    source: "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens",
    prefixes: ["CLOJARS_"],
    value: characters("a-z0-9", 60),
  }),
  prefixedSecret({
    code: "secret.packagist_token",
    title: "A token of Private Packagist.",
    source: "https://packagist.com/docs/api",
    prefixes: ["packagist_out_", "packagist_ort_", "packagist_uut_", "packagist_urt_"],
    value: hex(68),
  }),
  keyedSecret({
    code: "secret.hex_api_key",
    title: "A key of the Hex package manager, by its name.",
    source: "https://hex.pm/docs/publish",
    names: ["hex_api_key"],
    value: hex(32),
    complete: true,
  }),
  keyedSecret({
    code: "secret.cloudsmith_key",
    title: "A Cloudsmith API key, by its name.",
    source: "https://help.cloudsmith.io/docs/api-key",
    names: ["cloudsmith"],
    value: hex(40),
  }),
  keyedSecret({
    code: "secret.ansible_galaxy_token",
    title: "A token of Ansible Galaxy, by its name.",
    source: "https://docs.ansible.com/ansible/latest/galaxy/user_guide.html",
    names: ["ansible_galaxy", "galaxy_token", "galaxy_api_key"],
    value: hex(40),
    complete: true,
  }),
];
