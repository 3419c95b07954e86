import type { SecretRule } from "../../secret-rule.ts";
import { keyedSecret } from "./keyed.ts";
import { prefixedSecret } from "./prefixed.ts";
import { digitWithin } from "./token-end.ts";
import { alphanumeric, characters, hex } from "./value-form.ts";

/** Channels between browsers and servers, and what marketing sends over them. */
export const REALTIME_SECRETS: readonly SecretRule[] = [
  keyedSecret({
    code: "secret.pusher_secret",
    title: "A Pusher app secret or key.",
    source: "https://pusher.com/docs/channels/library_auth_reference/rest-api/",
    names: ["pusher"],
    value: hex(20),
  }),
  keyedSecret({
    code: "secret.ably_api_key",
    title: "An Ably API key.",
    source: "https://ably.com/docs/auth/basic",
    names: ["ably_", "ably-", "ablyapi", "ablykey", "ably."],
    value: { pattern: "[\\w-]{6}\\.[\\w-]{6}:[\\w-]{43}", maxLength: 57 },
    minEntropy: 4,
  }),
  prefixedSecret({
    code: "secret.pubnub_secret_key",
    title: "A PubNub secret key.",
    source: "https://www.pubnub.com/docs/general/setup/account-setup",
    prefixes: ["sec-c-"],
    value: { pattern: "[A-Za-z0-9+/]{48}", maxLength: 48 },
    minEntropy: 3.6,
  }),
  {
    code: "secret.liveblocks_key",
    title: "A Liveblocks secret key.",
    source: "https://liveblocks.io/docs/rooms/authentication",
    literals: ["sk_dev_", "sk_prod_"],
    pattern: "sk_(?:dev|prod)_(?=[A-Za-z_-]{0,40}[0-9])([\\w-]{60,80})(?![\\w-])",
    minEntropy: 4.4,
    reach: 92,
  },
  keyedSecret({
    code: "secret.livekit_secret",
    title: "A LiveKit API secret.",
    source: "https://docs.livekit.io/home/get-started/authentication/",
    names: ["livekit"],
    value: { pattern: `${digitWithin(43)}[A-Za-z0-9]{40,44}`, maxLength: 44 },
    minEntropy: 4,
  }),
  keyedSecret({
    code: "secret.agora_certificate",
    title: "An Agora app certificate.",
    source: "https://docs.agora.io/en/video-calling/get-started/manage-agora-account",
    names: ["agora_app_cert", "agora-app-cert", "agoraappcert", "agora_cert"],
    value: hex(32),
    complete: true,
  }),
  keyedSecret({
    code: "secret.customerio_key",
    title: "A Customer.io API or tracking key.",
    source: "https://docs.customer.io/accounts/managing-credentials/",
    names: ["customerio", "customer_io", "customer.io", "customer-io"],
    value: { pattern: "(?:[0-9a-f]{32}|[0-9a-f]{20})", maxLength: 32 },
  }),
  keyedSecret({
    code: "secret.iterable_api_key",
    title: "An Iterable API key.",
    source: "https://support.iterable.com/hc/en-us/articles/360043464871-API-Keys",
    names: ["iterable_api", "iterable-api", "iterableapi"],
    value: hex(32),
    complete: true,
  }),
  keyedSecret({
    code: "secret.elastic_email_api_key",
    title: "An Elastic Email API key.",
    source: "https://elasticemail.com/developers/api-documentation/rest-api",
    names: ["elasticemail", "elastic_email", "elastic-email"],
    value: characters("0-9A-F", 96),
  }),
  keyedSecret({
    code: "secret.pushbullet_token",
    title: "A Pushbullet access token.",
    source: "https://docs.pushbullet.com/#authentication",
    names: ["pushbullet"],
    value: { pattern: "o\\.[A-Za-z0-9]{32}", maxLength: 34 },
    minEntropy: 3.6,
  }),
  keyedSecret({
    code: "secret.getstream_secret",
    title: "A Stream (getstream.io) API secret.",
    source: "https://getstream.io/chat/docs/node/tokens_and_authentication/",
    names: ["getstream", "stream_api_secret", "stream-api-secret", "streamapisecret"],
    value: alphanumeric(64),
    minEntropy: 3.6,
  }),
];
