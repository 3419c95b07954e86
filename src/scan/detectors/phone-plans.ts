import metadata from "libphonenumber-js/max/metadata";

/**
 * Numbering plans of the world, from the metadata of libphonenumber-js. Its own parser takes 6 us a number, which a sheet
 * full of numbers cannot afford, so a plan is compiled to one expression when it is first asked for. The unit test holds
 * this against the parser.
 */
type Plan = { readonly valid: RegExp; readonly lengths: ReadonlySet<number> };

/** Where a country's entry has its general pattern, its possible lengths and the patterns of its kinds of number. */
const PATTERN = 2;
const LENGTHS = 3;
const KINDS = 11;
const NEVER = "(?!)";

const CODES: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(metadata.country_calling_codes));
const ENTRIES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...Object.entries(metadata.countries),
  ...Object.entries(metadata.nonGeographic),
]);
const compiled = new Map<string, Plan>();

/** `valid`: of a range that is assigned. `possible`: of a length that the country's numbers have. */
export type Plausibility = "valid" | "possible" | null;

/** Takes a number with its calling code, digits only, and without the trunk prefix that some write in brackets. */
export function judgeInternational(digits: string): Plausibility {
  for (let length = 1; length <= 3; length++) {
    const code = digits.slice(0, length);
    const countries = CODES.get(code);
    if (countries === undefined) continue;
    const national = digits.slice(length);
    const plausibility = judgeNational(code, countries, national);
    if (plausibility === "valid" || !national.startsWith("0")) return plausibility;
    return judgeNational(code, countries, national.slice(1)) ?? plausibility;
  }
  return null;
}

function judgeNational(code: string, countries: readonly string[], national: string): Plausibility {
  let isPossible = false;
  for (const country of countries) {
    // Codes of no country, such as +800, have their entry under the code.
    const plan = planOf(country === "001" ? code : country);
    if (plan.valid.test(national)) return "valid";
    isPossible ||= plan.lengths.has(national.length);
  }
  return isPossible ? "possible" : null;
}

/** Of islands, where only few exchanges are assigned, so that no number stands for all. */
const ISLANDS: readonly number[] = [
  ...[242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758, 767, 784, 787, 809, 829],
  ...[849, 868, 869, 876, 939],
];
/** Area codes of the North American plan by number: 0 is not looked up yet. */
const areas = new Uint8Array(1000);
for (const area of ISLANDS) areas[area] = 1;

/** Whether an area code of three digits is in use in North America. */
export function isAmericanArea(area: number): boolean {
  if (areas[area] === 0) areas[area] = judgeInternational(`1${area}2345678`) === "valid" ? 1 : 2;
  return areas[area] === 1;
}

function planOf(name: string): Plan {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const entry = listOf(ENTRIES.get(name));
  const kinds = listOf(entry[KINDS]).map((kind) => listOf(kind)[0]);
  const patterns = kinds.filter((kind): kind is string => typeof kind === "string" && kind !== "");
  const general = textOf(entry[PATTERN]) ?? NEVER;
  const plan: Plan = {
    // The plan of a country is bounded: no pattern of the metadata repeats without an end.
    valid: new RegExp(`^(?=(?:${general})$)(?:${patterns.length === 0 ? general : patterns.join("|")})$`),
    lengths: new Set(listOf(entry[LENGTHS]).filter((length): length is number => typeof length === "number")),
  };
  compiled.set(name, plan);
  return plan;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
