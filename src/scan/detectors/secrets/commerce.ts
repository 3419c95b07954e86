import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { digitWithin, TOKEN_END } from "./token-end.ts";
import { characters, hex, UUID, urlSafe } from "./value-form.ts";

const SHOPIFY_TOKENS = "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens";
const SP_API = "https://developer-docs.amazon.com/sp-api/docs/connecting-to-the-selling-partner-api";

/** Shops, market places and what publishes for them. */
export const COMMERCE_SECRETS: readonly SecretRule[] = [
  prefixedSecret({
    code: "secret.shopify_access_token",
    title: "A Shopify access token, of an app or of a private or custom app.",
    source: SHOPIFY_TOKENS,
    prefixes: ["shpat_", "shpca_", "shppa_", "shpua_"],
    value: characters("0-9a-fA-F", 32),
  }),
  prefixedSecret({
    code: "secret.shopify_shared_secret",
    title: "A Shopify app's shared secret.",
    source: SHOPIFY_TOKENS,
    prefixes: ["shpss_"],
    value: characters("0-9a-fA-F", 32),
  }),
  prefixedSecret({
    code: "secret.woocommerce_key",
    title: "A WooCommerce consumer key or secret.",
    source: "https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication",
    prefixes: ["ck_", "cs_"],
    value: hex(40),
  }),
  keyedSecret({
    code: "secret.etsy_api_key",
    title: "An Etsy API keystring or access token.",
    source: "https://developers.etsy.com/documentation/essentials/authentication",
    names: ["etsy"],
    value: characters("0-9a-z", 24),
    minEntropy: 3.2,
  }),
  keyedSecret({
    code: "secret.bigcommerce_token",
    title: "A BigCommerce access token or client secret.",
    source: "https://developer.bigcommerce.com/docs/start/authentication/api-accounts",
    names: ["bigcommerce"],
    value: { pattern: `(?:[0-9a-f]{64}|${digitWithin(31)}[0-9a-z]{31})`, maxLength: 64 },
    minEntropy: 3.2,
  }),
  {
    code: "secret.amazon_login_token",
    title: "A token of Login with Amazon.",
    source: SP_API,
    literals: ["atzr|", "atza|"],
    pattern: `Atz[ra]\\|([\\w%+/=-]{100,500})`,
    minEntropy: 4,
    reach: 512,
  },
  prefixedSecret({
    code: "secret.amazon_client_secret",
    title: "A client secret of Login with Amazon or of the Selling Partner API.",
    source: SP_API,
    prefixes: ["amzn1.oa2-cs.v1."],
    value: hex(64),
  }),
  {
    code: "secret.ebay_certificate_id",
    title: "An eBay certificate id, which is an application's client secret.",
    source: "https://developer.ebay.com/api-docs/static/gs_create-the-ebay-api-keysets.html",
    literals: ["prd-", "sbx-"],
    pattern: `(?:PRD|SBX)-([0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})${TOKEN_END}`,
    minEntropy: 2.8,
    reach: 48,
  },
  prefixedSecret({
    code: "secret.contentful_management_token",
    title: "A Contentful management token.",
    source: "https://www.contentful.com/developers/docs/references/authentication/",
    prefixes: ["CFPAT-"],
    value: urlSafe(43),
    minEntropy: 3.6,
  }),
  keyedSecret({
    code: "secret.contentful_delivery_token",
    title: "A Contentful delivery or preview token.",
    source: "https://www.contentful.com/developers/docs/references/authentication/",
    names: ["contentful"],
    value: { pattern: `${digitWithin(43)}[\\w=-]{43}`, maxLength: 43 },
    minEntropy: 3.6,
  }),
  keyedSecret({
    code: "secret.squarespace_api_key",
    title: "A Squarespace API key.",
    source: "https://developers.squarespace.com/commerce-apis/authentication-and-permissions",
    names: ["squarespace"],
    value: UUID,
  }),
  keyedSecret({
    code: "secret.sanity_token",
    title: "A Sanity API token.",
    source: "https://www.sanity.io/docs/content-lake/http-auth",
    names: ["sanity"],
    value: { pattern: "sk[A-Za-z0-9]{78,190}", maxLength: 192 },
    minEntropy: 4,
  }),
  keyedSecret({
    code: "secret.ghost_admin_key",
    title: "A key of the Ghost Admin API.",
    source: "https://docs.ghost.org/admin-api/#token-authentication",
    names: ["ghost"],
    value: { pattern: "[0-9a-f]{24}:[0-9a-f]{64}", maxLength: 89 },
    minEntropy: 3.2,
  }),
  keyedSecret({
    code: "secret.magento_token",
    title: "A Magento integration token or key.",
    source: "https://developer.adobe.com/commerce/webapi/get-started/authentication/gs-authentication-token/",
    names: ["magento"],
    value: { pattern: `${digitWithin(32, "a-z")}[0-9a-z]{32}`, maxLength: 32 },
  }),
  keyedSecret({
    code: "secret.gumroad_token",
    title: "A Gumroad access token.",
    source: "https://app.gumroad.com/api",
    names: ["gumroad"],
    value: { pattern: `(?:[0-9a-f]{64}|${digitWithin(43)}[\\w-]{43})`, maxLength: 64 },
    minEntropy: 3.2,
  }),
  prefixedSecret({
    code: "secret.imagekit_private_key",
    title: "An ImageKit private key.",
    source: "https://imagekit.io/docs/api-keys",
    prefixes: ["private_"],
    value: { pattern: "[A-Za-z0-9+/]{27}=", maxLength: 28 },
    minEntropy: 3.6,
  }),
  keyedSecret({
    code: "secret.shopware_secret",
    title: "A Shopware integration's access key or secret.",
    source: "https://developer.shopware.com/docs/guides/integrations-api/",
    names: ["shopware"],
    value: { pattern: `(?:SWIA[A-Z0-9]{22}|SWUA[A-Z0-9]{22}|${digitWithin(54)}[A-Za-z0-9]{54})`, maxLength: 54 },
    minEntropy: 3.2,
  }),
  keyedSecret({
    code: "secret.sidekiq_credentials",
    title: "The credentials of Sidekiq Pro's or Enterprise's gem server.",
    source: "https://github.com/sidekiq/sidekiq/wiki/Commercial-FAQ",
    names: [
      "bundle_enterprise__contribsys__com",
      "bundle_gems__contribsys__com",
      "enterprise.contribsys.com",
      "gems.contribsys.com",
    ],
    value: { pattern: "[0-9a-f]{8}:[0-9a-f]{8}", maxLength: 17 },
    complete: true,
    minEntropy: 2,
  }),
];
