import type { Quantity } from "../condition.ts";
import { wordsOf } from "../words.ts";
import { leastAbove, rangesOf } from "./cells.ts";
import type { DimensionOf } from "./space.ts";

/** For tokens, and for each bill, the first and the last of its ranges. */
type Span = { readonly first: number; readonly last: number };
export type SpendProduct = { readonly spans: readonly Span[]; readonly cells: readonly number[] };

export function spendProduct(
  { cells, bounds, bills }: DimensionOf<"spend">,
  allowed: readonly number[],
  own: number,
): SpendProduct {
  const places = cells.map(({ tokens, costs }) => [tokens, ...costs]);
  return productAround(places, [bounds, ...bills.map(({ asked }) => asked)], allowed, own);
}

export const wishedProduct = (
  { cells, bills }: DimensionOf<"wished">,
  allowed: readonly number[],
  own: number,
): SpendProduct =>
  productAround(
    cells,
    bills.map(({ asked }) => asked),
    allowed,
    own,
  );

/** From one cell on, last by the first of the ranges, as long as everything stays within the cells that may be. */
function productAround(
  places: readonly (readonly number[])[],
  bounds: readonly (readonly number[])[],
  allowed: readonly number[],
  own: number,
): SpendProduct {
  const may = new Set(allowed);
  const refused = places.filter((_, cell) => !may.has(cell));
  let spans: readonly Span[] = (places[own] ?? []).map((at) => ({ first: at, last: at }));
  for (const at of [...bounds.keys()].toReversed()) {
    spans = spans.with(at, widest(spans, at, bounds[at]?.length ?? 0, refused));
  }
  return { spans, cells: [...places.keys()].filter((cell) => isWithin(spans, places[cell] ?? [])) };
}

const isIn = ({ first, last }: Span, at: number): boolean => at >= first && at <= last;

const isWithin = (spans: readonly Span[], place: readonly number[], but: number | null = null): boolean =>
  spans.every((span, at) => at === but || isIn(span, place[at] ?? 0));

/** To both sides as far as the first range in which something is refused, and without a bound where nothing is. */
function widest(spans: readonly Span[], at: number, end: number, refused: readonly (readonly number[])[]): Span {
  let [first, last] = [0, end];
  const own = spans[at]?.first ?? 0;
  for (const place of refused) {
    const near = place[at] ?? 0;
    if ((near < own ? near < first : near > last) || !isWithin(spans, place, at)) continue;
    if (near < own) first = near + 1;
    else last = near - 1;
  }
  return { first, last };
}

export function spendWords({ bounds, bills }: DimensionOf<"spend">, { spans }: SpendProduct): readonly string[] {
  const [tokens, ...costs] = spans;
  return [
    ...rangeWords("prompt_tokens", tokens, bounds),
    ...bills.flatMap(({ price, maxOutputTokens, asked }, at) =>
      rangeWords("estimated_cost_micros", costs[at], asked).map(
        (words) =>
          `${words} at ${price.input} in and ${price.output} out per million tokens${written(maxOutputTokens)}`,
      ),
    ),
  ];
}

export const wishedWords = ({ bills }: DimensionOf<"wished">, { spans }: SpendProduct): readonly string[] =>
  bills.flatMap(({ maxOutputTokens, asked }, at) =>
    rangeWords("estimated_cost_micros", spans[at], asked).map(
      (words) => `${words} at the wished model's own price${written(maxOutputTokens)}`,
    ),
  );

const written = (maxOutputTokens: number | null): string =>
  maxOutputTokens === null || maxOutputTokens === 0 ? "" : ` with at most ${maxOutputTokens} written`;

function rangeWords(of: Quantity, span: Span | undefined, bounds: readonly number[]): readonly string[] {
  if (span === undefined || (span.first === 0 && span.last === bounds.length)) return [];
  const atMost = rangesOf(bounds)[span.last]?.most ?? Number.POSITIVE_INFINITY;
  return [wordsOf({ kind: "number", of, atLeast: leastAbove(bounds, span.first), atMost })];
}
