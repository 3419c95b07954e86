import { describe, expect, test } from "bun:test";
import { DATA_SERVICE_SECRETS } from "../../../../../src/scan/detectors/secrets/data-services.ts";
import { MARKET_SECRETS } from "../../../../../src/scan/detectors/secrets/markets.ts";
import { alnum, codesIn, DIGIT, draw, hex, LOWER, UPPER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn([...DATA_SERVICE_SECRETS, ...MARKET_SECRETS], text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["algolia_api_key", `ALGOLIA_ADMIN_KEY=${hex(32)}`],
  ["kaggle_token", `KGAT_${hex(32)}`],
  ["kaggle_key", `KAGGLE_KEY=${hex(32)}`],
  ["clickhouse_cloud_secret", `4b1d${alnum(38)}`],
  ["dbt_cloud_token", `dbtc_${alnum(44)}`],
  ["rapidapi_key", `${hex(10)}msh${hex(15)}p1${hex(5)}jsn${hex(12)}`],
  ["alchemy_token", `alcht_${alnum(30)}`],
  ["blockchain_node_url", `https://mainnet.infura.io/v3/${hex(32)}`],
  ["blockchain_node_url", `https://eth-mainnet.g.alchemy.com/v2/${alnum(32)}`],
  ["maxmind_license_key", `${alnum(6)}_${alnum(29)}_mmk`],
  ["looker_secret", `looker_client_secret: ${alnum(24)}`],
  ["openweather_api_key", `openweathermap.api_key=${hex(32)}`],
  ["ipinfo_token", `IPINFO_TOKEN=${hex(14)}`],
  ["coinbase_key", `coinbase_access_token="${hex(64)}"`],
  ["binance_key", `BINANCE_API_SECRET=${alnum(64)}`],
  ["kraken_key", `kraken_private_key: ${alnum(86)}==`],
  ["kucoin_key", `kucoin_api_secret: ${uuid()}`],
  ["etherscan_api_key", `ETHERSCAN_API_KEY=${draw(UPPER + DIGIT, 34)}`],
  ["coingecko_api_key", `CG-${alnum(24)}`],
  ["coinmarketcap_api_key", `X-CMC_PRO_API_KEY: ${uuid()}`],
  ["finnhub_api_key", `finnhub_token=${draw(LOWER + DIGIT, 20)}`],
];

describe("secrets of services for data", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["an index and an application of Algolia", `algolia appId: "${draw(UPPER, 10)}", indexName: "docs"`],
    ["an address without its key", "https://mainnet.infura.io/v3/YOUR_PROJECT_ID"],
    ["a digest that ends as a key does", `${hex(36)}_mmk`],
    ["a commit beside a vendor's name", `binance/binance-connector-js at ${hex(40)}`],
    ["a longer word with ClickHouse's prefix inside", `adf4b1d${alnum(38)}`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
