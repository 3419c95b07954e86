import type { LiteralDetector, Match, Strength } from "../detector.ts";
import { BASE64, isAt, NAME, runEnd } from "./characters.ts";
import { passwordStrength, randomStrength } from "./credential-value.ts";
import { pairStrength } from "./url-credentials.ts";

const CODE = "secret.connection_string";
const MAX_BEFORE = 64;
const MAX_PASSWORD = 128;
const STOPS: ReadonlySet<number> = new Set(Array.from(";\"'()<>", (stop) => stop.charCodeAt(0)));

function found(start: number, end: number, strength: Strength): Match | null {
  return strength === "weak" ? null : { code: CODE, start, end, strength };
}

/** Whether a pair such as `Server=x;` stands right before `at`: one setting alone is no connection string. */
function followsPair(text: string, at: number): boolean {
  let index = at - 1;
  if (text.charAt(index) === " ") index--;
  const parted = text.charAt(index) === ";";
  if (!parted && index === at - 1) return false;
  const first = Math.max(0, index - MAX_BEFORE);
  while (--index >= first) {
    const unit = text.charCodeAt(index);
    if (unit === 0x3d) return isAt(text, index - 1, NAME) || text.charAt(index - 1) === " ";
    // `a=b password=c` has no spaces within its values.
    if (unit < 0x20 || unit === 0x3b || unit === 0x22 || (unit === 0x20 && !parted)) return false;
  }
  return false;
}

/** `Server=x;User Id=y;Password=z` of ADO.NET, ODBC and OLE DB; `host=x user=y password=z` of libpq. */
const keyed: LiteralDetector = {
  kind: "literal",
  codes: [CODE],
  title: "A connection string of keys and values with a password in it.",
  sources: [
    "https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-strings",
    "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING",
  ],
  literals: ["password=", "pwd="],
  reach: MAX_PASSWORD,
  look(text, at) {
    if (!followsPair(text, at)) return null;
    let from = text.indexOf("=", at) + 1;
    const quote = text.charAt(from) === "'" ? "'" : "";
    from += quote.length;
    let end = from;
    while (end < Math.min(text.length, from + MAX_PASSWORD)) {
      const unit = text.charCodeAt(end);
      if (unit <= 0x20 || STOPS.has(unit)) break;
      end++;
    }
    return found(at, end, passwordStrength(text.slice(from, end)));
  },
};

/** 64 bytes of an Azure storage account, 32 of a shared access policy. */
const MIN_AZURE_KEY = 40;
const MAX_AZURE_KEY = 120;
const azure: LiteralDetector = {
  kind: "literal",
  codes: [CODE],
  title: "A connection string of Azure with the key of an account or of a shared access policy.",
  sources: ["https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string"],
  literals: ["accountkey=", "sharedaccesskey=", "sharedsecretvalue="],
  reach: MAX_AZURE_KEY,
  look(text, at) {
    const from = text.indexOf("=", at) + 1;
    const end = runEnd(text, from, BASE64, MAX_AZURE_KEY);
    return end - from < MIN_AZURE_KEY ? null : found(at, end, randomStrength(text.slice(from, end)));
  },
};

const ORACLE = /jdbc:oracle:[a-z0-9]{2,8}:([\w$#]{1,64})\/([!#-&(-.0-?A-~]{1,128})@/iy;
const oracle: LiteralDetector = {
  kind: "literal",
  codes: [CODE],
  title: "A JDBC URL of Oracle with a user and a password.",
  sources: ["https://docs.oracle.com/en/database/oracle/oracle-database/23/jjdbc/data-sources-and-URLs.html"],
  literals: ["jdbc:oracle:"],
  reach: MAX_PASSWORD,
  look(text, at) {
    ORACLE.lastIndex = at;
    const parts = ORACLE.exec(text);
    if (parts === null) return null;
    return found(at, at + parts[0].length, pairStrength(parts[1] ?? "", parts[2] ?? ""));
  },
};

export const connectionStringDetectors: readonly LiteralDetector[] = [keyed, azure, oracle];
