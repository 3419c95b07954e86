import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { base64, characters, hex, verbatim } from "./value-form.ts";

/** What Microsoft puts at a fixed place in keys of a service, so that scanners know them. */
const SIGNATURES = "https://github.com/microsoft/security-utilities";
const PURVIEW = "https://learn.microsoft.com/purview";

type SignedKey = {
  readonly code: `secret.${string}`;
  readonly title: string;
  readonly source: string;
  readonly signatures: readonly string[];
  readonly among: string;
  readonly before: number;
  readonly after: number;
  /** Base64 that pads the key to whole groups. */
  readonly padding: "" | "=" | "==";
};

function signedKey({ code, title, source, signatures, among, before, after, padding }: SignedKey): SecretRule {
  const signature = `(?:${signatures.map(verbatim).join("|")})`;
  return {
    code,
    title,
    source,
    literals: signatures.map((text) => text.toLowerCase()),
    pattern: `([${among}]{${before}}${signature}[${among}]{${after}})${padding === "" ? "(?![A-Za-z0-9])" : padding}`,
    behind: before,
    minEntropy: 4,
    reach: before + 8 + after + padding.length,
  };
}

const BASE64 = "A-Za-z0-9+/";

export const AZURE_SECRETS: readonly SecretRule[] = [
  {
    code: "secret.azure_client_secret",
    title: "The secret of an application in Microsoft Entra.",
    source: `${PURVIEW}/sit-defn-azure-ad-client-secret`,
    literals: ["0q~", "1q~", "2q~", "3q~", "4q~", "5q~", "6q~", "7q~", "8q~", "9q~"],
    pattern: "[A-Za-z0-9_~.\\-]{3}[0-9]Q~([A-Za-z0-9_~.\\-]{31,34})(?![A-Za-z0-9_~\\-])",
    behind: 3,
    minEntropy: 3.5,
    reach: 44,
  },
  prefixedSecret({
    code: "secret.azure_storage_connection",
    title: "The account key of a connection string for Azure Storage.",
    source: "https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string",
    prefixes: ["AccountKey=", "accountKey=", "accountkey="],
    value: { pattern: "[A-Za-z0-9+/]{86}==", maxLength: 88 },
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.azure_shared_access_key",
    title: "The key of a connection string for Azure Service Bus, Event Hubs, Relay or IoT Hub.",
    source: "https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas",
    prefixes: ["SharedAccessKey=", "sharedAccessKey=", "sharedaccesskey="],
    value: { pattern: "[A-Za-z0-9+/]{43}=", maxLength: 44 },
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.azure_sas_signature",
    title: "The signature of a shared access address.",
    source: "https://learn.microsoft.com/azure/storage/common/storage-sas-overview",
    prefixes: ["sig="],
    value: { pattern: "[A-Za-z0-9+/%]{43,72}(?:=|%3[Dd])", maxLength: 75 },
    minEntropy: 4,
  }),
  signedKey({
    code: "secret.azure_64_byte_key",
    title: "A signed key of Azure Storage, Batch, Cosmos DB, Machine Learning or API Management.",
    source: SIGNATURES,
    signatures: ["+ASt", "+ABa", "ACDb", "+AMC", "APIM"],
    among: BASE64,
    before: 76,
    after: 6,
    padding: "==",
  }),
  signedKey({
    code: "secret.azure_32_byte_key",
    title: "A signed key of Azure Service Bus, Event Hubs, Relay, IoT Hub or Cache for Redis.",
    source: SIGNATURES,
    signatures: ["+ASb", "+AEh", "+ARm", "AIoT", "AzCa"],
    among: BASE64,
    before: 33,
    after: 6,
    padding: "=",
  }),
  signedKey({
    code: "secret.azure_search_key",
    title: "A signed key of Azure AI Search.",
    source: SIGNATURES,
    signatures: ["AzSe"],
    among: "A-Za-z0-9",
    before: 42,
    after: 6,
    padding: "",
  }),
  signedKey({
    code: "secret.azure_container_registry_key",
    title: "A signed password of Azure Container Registry.",
    source: SIGNATURES,
    signatures: ["+ACR"],
    among: BASE64,
    before: 42,
    after: 6,
    padding: "",
  }),
  signedKey({
    code: "secret.azure_function_key",
    title: "A signed key of Azure Functions.",
    source: SIGNATURES,
    signatures: ["AzFu"],
    among: "A-Za-z0-9_\\-",
    before: 44,
    after: 6,
    padding: "==",
  }),
  signedKey({
    code: "secret.azure_annotated_key",
    title: "A signed key of Azure OpenAI, AI services, Event Grid, SignalR or another of Azure's services.",
    source: SIGNATURES,
    signatures: ["JQQJ99", "JQQJ9D", "JQQJ9H"],
    among: "A-Za-z0-9",
    before: 52,
    after: 26,
    padding: "",
  }),
  signedKey({
    code: "secret.azure_devops_token",
    title: "A personal access token of Azure DevOps, in the form of 84 characters.",
    source: `${PURVIEW}/sit-defn-azure-devops-personal-access-token`,
    signatures: ["AZDO"],
    among: "A-Za-z0-9",
    before: 76,
    after: 4,
    padding: "",
  }),
  keyedSecret({
    code: "secret.azure_devops_old_token",
    title: "A personal access token of Azure DevOps, in the form of 52 characters, by its name.",
    source:
      "https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
    names: ["azure_devops", "azuredevops", "azure-devops", "azdo_", "vsts_", "azure_pat"],
    value: characters("a-z2-7", 52),
    complete: true,
    minEntropy: 3.8,
  }),
  keyedSecret({
    code: "secret.azure_ai_key",
    title: "A key of Azure OpenAI or AI services in the form of 32 digits, by its name.",
    source: "https://learn.microsoft.com/azure/ai-services/authentication",
    names: ["azure_openai", "azureopenai", "azure-openai", "ocp-apim-subscription-key", "azure_speech"],
    value: hex(32),
    complete: true,
  }),
  {
    code: "secret.azure_app_configuration",
    title: "A connection string for Azure App Configuration.",
    source: "https://learn.microsoft.com/azure/azure-app-configuration/howto-disable-access-key-authentication",
    literals: [".azconfig.io;id="],
    pattern: "\\.azconfig\\.io;Id=[^;\\s\\x00-\\x02]{1,40};Secret=([A-Za-z0-9+/=]{40,100})",
    inWord: true,
    minEntropy: 4,
    reach: 165,
  },
  {
    code: "secret.azure_function_address",
    title: "The address of an Azure function with its key.",
    source: "https://learn.microsoft.com/azure/azure-functions/function-keys-how-to",
    literals: [".azurewebsites.net/api/"],
    pattern: "\\.azurewebsites\\.net/api/[A-Za-z0-9_/\\-]{1,60}\\?code=([A-Za-z0-9+/_%\\-]{44,90})",
    inWord: true,
    minEntropy: 4,
    reach: 180,
  },
  keyedSecret({
    code: "secret.azure_account_key",
    title: "An account key of Azure Storage, Batch or Cosmos DB, by its name.",
    source: "https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage",
    names: ["azure_storage", "azure_batch", "azure_cosmos", "cosmos_key", "cosmosdb", "storage_account_key"],
    value: { pattern: `${base64(86).pattern}==`, maxLength: 88 },
    complete: true,
    minEntropy: 4,
  }),
];
