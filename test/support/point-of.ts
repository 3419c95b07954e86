import type { Features, Price } from "../../src/core/features.ts";
import type { Point } from "../../src/policy/analyse/diagram.ts";
import type { Dimension, Space } from "../../src/policy/analyse/space.ts";
import type { Bill } from "../../src/policy/analyse/spend.ts";
import type { WishedBill } from "../../src/policy/analyse/wished.ts";
import { BEYOND_ANY_BOUND, estimatedCostMicros } from "../../src/policy/cost.ts";

/**
 * The point of a request in the space of one policy, from the features alone; -1 where a dimension has no cell for it.
 * Each signal of the policy has to look for something that no other does.
 */
export const pointOf = (space: Space, features: Features): Point =>
  space.dimensions.map((dimension) => cellOf(dimension, features));

function cellOf(dimension: Dimension, features: Features): number {
  switch (dimension.kind) {
    case "form": {
      const content = features.hasImages ? "image" : features.opaqueContent ? "opaque" : "text";
      const { surface, task, streamed, hasTools } = features;
      const own = JSON.stringify({ surface, task, streamed, hasTools, content });
      return dimension.cells.findIndex((forms) => forms.some((form) => JSON.stringify(form) === own));
    }
    case "scan_incomplete":
      return Number(features.scanIncomplete);
    case "label":
      return Math.max(0, dimension.cells.indexOf(features.labels[dimension.label] ?? null));
    case "model":
      return modelCell(dimension.cells, features);
    case "offered":
      return Number(features.offeredBy.includes(dimension.provider));
    case "spend":
    case "wished":
      return spendCell(dimension, features);
    case "number": {
      const value = dimension.of === "prompt_chars" ? features.promptChars : features.messageCount;
      return dimension.cells.findIndex(({ least, most }) => value >= least && value <= most);
    }
    case "requested_provider":
      return Math.max(0, dimension.cells.indexOf(features.requestedProvider));
    case "element":
      return Number(dimension.class.signals[0]?.some((id) => features.signals.includes(id)));
  }
}

function modelCell(cells: Extract<Dimension, { kind: "model" }>["cells"], { wish, model }: Features): number {
  const at = cells.findIndex((wishes) =>
    wishes.some((one) => (one.kind === "auto" ? wish === "auto" : one.kind === "named" && one.model === model)),
  );
  return at >= 0 ? at : cells.findIndex((wishes) => wishes.some(({ kind }) => kind === "another"));
}

type Spending = Extract<Dimension, { kind: "spend" | "wished" }>;

/** What the other kind of task has is not asked, so any cell will do. */
function spendCell(dimension: Spending, features: Features): number {
  if (dimension.embeds !== (features.task === "embedding")) return 0;
  if (dimension.kind === "wished") {
    const price = features.wish === "known" ? features.wishPrice : null;
    const costs = dimension.bills.map((bill) => exceeded(bill, price, features));
    return dimension.cells.findIndex((cell) => JSON.stringify(cell) === JSON.stringify(costs));
  }
  const { bounds, bills, cells } = dimension;
  const tokens = bounds.filter((bound) => bound < (features.promptTokens ?? BEYOND_ANY_BOUND)).length;
  const costs = bills.map((bill) => exceeded(bill, bill.price, features));
  return cells.findIndex((cell) => cell.tokens === tokens && JSON.stringify(cell.costs) === JSON.stringify(costs));
}

function exceeded({ maxOutputTokens, asked }: Bill | WishedBill, price: Price | null, features: Features): number {
  // 0 stands for what writes nothing, and then the price says so or the task.
  const cost = estimatedCostMicros(price, features, maxOutputTokens === 0 ? null : maxOutputTokens);
  return asked.filter((micros) => cost > micros).length;
}
