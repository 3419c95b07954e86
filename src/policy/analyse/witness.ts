import type { Decision } from "../../core/decision.ts";
import type { Features } from "../../core/features.ts";
import type { CompiledPolicy } from "../compiled.ts";
import { modelIn, type Wish } from "./answers.ts";
import type { Point } from "./diagram.ts";
import type { Outcome } from "./outcomes.ts";
import { scanningSide } from "./scanning.ts";
import { type Cells, type DimensionOf, type Kind, placed, type Space } from "./space.ts";
import { MOST_TOKENS, USUAL } from "./spend-field.ts";
import { wishedSpending } from "./wished.ts";
import { offeringSide, requestingSide, type Side } from "./wishes.ts";

/** A request that shows what is said, with what the policy decides of it. */
export type Witness = { readonly features: Features; readonly decision: Decision };

/** A request of a point's cells, as a policy of the space sees it. Throws where no such tokens and costs are known. */
export function featuresAt(space: Space, point: Point, side: Side): Features {
  const policy = policyOf(space, side);
  const [form] = cellOf(space, point, "form");
  const [wish] = cellOf(space, point, "model");
  if (form === undefined || wish === undefined) throw new Error("a point has no request");
  const { numbers, price } = spendingAt(space, point, form.task === "embedding");
  const scanning = scanningSide(space.policies, side);
  const requesting = requestingSide(space.policies, side);
  const requestedProvider = cellOf(space, point, "requested_provider", (dimension) => dimension.side === requesting);
  const offeredBy = wish.kind === "auto" ? [] : offeringAt(space, point, side, wish);
  const model = modelIn(policy, wish);
  const isKnown = wish.kind !== "auto" && (offeredBy.length > 0 || policy.models.has(model));
  return {
    surface: form.surface,
    task: form.task,
    streamed: form.streamed,
    messageCount: numberAt(space, point, "message_count"),
    promptChars: numberAt(space, point, "prompt_chars"),
    promptTokens: numbers.tokens === MOST_TOKENS ? null : Number(numbers.tokens),
    maxOutputTokens: numbers.asked === USUAL.asked ? null : Number(numbers.asked),
    choices: Number(numbers.choices),
    hasTools: form.hasTools,
    hasImages: form.content === "image",
    opaqueContent: form.content !== "text",
    scanIncomplete: cellOf(space, point, "scan_incomplete", (dimension) => dimension.side === scanning),
    signals: signalsAt(space, point, side),
    wish: wish.kind === "auto" ? "auto" : isKnown ? "known" : "other",
    model: isKnown ? model : null,
    wishPrice: isKnown ? price : null,
    requestedProvider: policy.providers.some(({ id }) => id === requestedProvider) ? requestedProvider : null,
    offeredBy,
    labels: labelsAt(space, point, policy),
  };
}

export function outcomeOf({ denial, candidates, effects }: Decision): Outcome {
  if (denial !== null) return { denial };
  return { denial, candidates: candidates.map(({ provider, zone }) => ({ provider, zone })), effects };
}

export function policyOf({ policies }: Space, side: Side): CompiledPolicy {
  const policy = policies[side];
  if (policy === undefined) throw new Error("a space has no such policy");
  return policy;
}

/** Of a short request, where it may be one. */
const PLAIN = { message_count: 1, prompt_chars: 20 } as const;

function numberAt(space: Space, point: Point, asked: keyof typeof PLAIN): number {
  const { least, most } = cellOf(space, point, "number", ({ of }) => of === asked);
  const plain = PLAIN[asked];
  return plain >= least && plain <= most ? plain : least;
}

function cellOf<K extends Kind>(
  space: Space,
  point: Point,
  kind: K,
  isMeant: (dimension: DimensionOf<K>) => boolean = () => true,
): Cells[K] {
  const found = placed(space, kind).find(({ dimension }) => isMeant(dimension));
  const cell = found?.dimension.cells[point[found.level] ?? 0];
  if (cell === undefined) throw new Error("a point has no such cell");
  return cell;
}

function spendingAt(space: Space, point: Point, embeds: boolean) {
  const { samples } = cellOf(space, point, "spend", (dimension) => dimension.embeds === embeds);
  const [wished] = placed(space, "wished").filter(({ dimension }) => dimension.embeds === embeds);
  const costs = cellOf(space, point, "wished", (dimension) => dimension.embeds === embeds);
  const spending = wishedSpending(samples, wished?.dimension.bills ?? [], costs);
  if (spending === null) throw new Error("no tokens and costs are known for a point");
  return spending;
}

function offeringAt(space: Space, point: Point, side: Side, wish: Wish): readonly string[] {
  const { policies, dimensions } = space;
  return policyOf(space, side).providers.flatMap((provider) => {
    const by = offeringSide(policies, side, provider, wish);
    const isOffered = dimensions.some(
      (dimension, level) =>
        dimension.kind === "offered" &&
        dimension.side === by &&
        dimension.provider === provider.id &&
        point[level] === 1,
    );
    return isOffered ? [provider.id] : [];
  });
}

function signalsAt({ policies, dimensions }: Space, point: Point, side: Side): readonly string[] {
  const found = new Set(
    dimensions.flatMap((dimension, level) =>
      dimension.kind === "element" && point[level] === 1 ? (dimension.class.signals[side] ?? []) : [],
    ),
  );
  return (policies[side]?.signals ?? []).map(({ id }) => id).filter((id) => found.has(id));
}

function labelsAt({ dimensions }: Space, point: Point, { labels }: CompiledPolicy): Features["labels"] {
  return Object.fromEntries(
    dimensions.flatMap((dimension, level) => {
      if (dimension.kind !== "label") return [];
      const value = dimension.cells[point[level] ?? 0] ?? null;
      return value !== null && labels[dimension.label]?.includes(value) === true ? [[dimension.label, value]] : [];
    }),
  );
}
