import type { ProviderId } from "../../core/decision.ts";
import type { CompiledPolicy } from "../compiled.ts";
import type { Wish } from "./answers.ts";
import { type AskedReckoning, askedBills, askedTokens } from "./asked-bills.ts";
import { Budget, MAX_STEPS } from "./budget.ts";
import { type Range, rangesOf, together } from "./cells.ts";
import { type ElementClass, elementClasses } from "./elements.ts";
import { FORMS, type Form } from "./forms.ts";
import { type Questions, questionsOf } from "./questions.ts";
import { scanningSide } from "./scanning.ts";
import { type Bill, type SpendCell, spendCells } from "./spend.ts";
import { type WishedBill, wishedCells } from "./wished.ts";
import { offerings, requestingSide, type Side, wishCells } from "./wishes.ts";

/**
 * All requests that there can be, cut into cells by what one policy can tell apart, or two. Dimensions are free of each
 * other: every combination of cells counts as a request. What is not free of each other is one dimension: surface, task
 * and kind of content; tokens and costs.
 */
export type Dimension = { readonly [K in Kind]: DimensionOf<K> }[Kind];
export type Kind = keyof Cells;
export type DimensionOf<K extends Kind> = {
  readonly kind: K;
  readonly cells: readonly Cells[K][];
} & (K extends keyof More ? More[K] : unknown);

export type Cells = {
  readonly form: readonly Form[];
  readonly scan_incomplete: boolean;
  readonly model: readonly Wish[];
  /** Whether a provider can be asked for the model wished for. */
  readonly offered: boolean;
  readonly spend: SpendCell;
  readonly wished: readonly number[];
  readonly number: Range;
  /** Null: none, or one that nothing asks for. So for labels. */
  readonly requested_provider: ProviderId | null;
  readonly label: string | null;
  /** Whether something of a class is found. */
  readonly element: boolean;
};

/** What there is to say of a dimension beside its cells. */
type More = {
  readonly offered: { readonly provider: ProviderId; readonly side: Side };
  /** One for what embeds and one for the rest, since only the rest writes. `bounds`: of tokens in. */
  readonly spend: { readonly embeds: boolean; readonly bounds: readonly number[]; readonly bills: readonly Bill[] };
  readonly wished: { readonly embeds: boolean; readonly bills: readonly WishedBill[] };
  readonly number: { readonly of: "prompt_chars" | "message_count" };
  readonly requested_provider: { readonly side: Side };
  readonly scan_incomplete: { readonly side: Side };
  readonly label: { readonly label: string };
  readonly element: { readonly class: ElementClass };
};

export type Space = {
  /** One, or the old and the new. */
  readonly policies: readonly CompiledPolicy[];
  readonly dimensions: readonly Dimension[];
};

export type Placed<K extends Kind> = { readonly level: number; readonly dimension: DimensionOf<K> };

/** The dimensions of one kind, in order. */
export function placed<K extends Kind>({ dimensions }: Space, kind: K): readonly Placed<K>[] {
  return dimensions.flatMap((dimension, level) =>
    // The compiler cannot tell the parts of a union apart by a tag that is a parameter.
    dimension.kind === kind ? [{ level, dimension: dimension as unknown as DimensionOf<K> }] : [],
  );
}

const NO_YES: readonly boolean[] = [false, true];

/** Throws `BudgetExceeded` where tokens and costs alone have too many cells. */
export function spaceOf(policies: readonly CompiledPolicy[], maxSteps = MAX_STEPS): Space {
  const questions = questionsOf(policies);
  const budget = new Budget(maxSteps);
  const models = wishCells(policies, questions);
  const asked = askedBills(policies, models, questions);
  const bounds = askedTokens(policies, questions);
  // In the order that diagrams ask: what many rules turn on first. As measured, it decides how large they become.
  const dimensions: readonly Dimension[] = [
    { kind: "form", cells: formCells(policies, questions) },
    ...[...new Set(policies.map((_, side) => scanningSide(policies, side)))].map(
      (side): Dimension => ({ kind: "scan_incomplete", side, cells: NO_YES }),
    ),
    ...[...questions.labels].map(([label, values]): Dimension => ({ kind: "label", label, cells: [null, ...values] })),
    { kind: "model", cells: models },
    ...offerings(policies, models).map((one): Dimension => ({ kind: "offered", cells: NO_YES, ...one })),
    ...NO_YES.flatMap((embeds) => spendDimensions(embeds, bounds, asked, budget)),
    { kind: "number", of: "prompt_chars", cells: rangesOf(questions.bounds("prompt_chars")) },
    { kind: "number", of: "message_count", cells: rangesOf(questions.bounds("message_count")) },
    ...[...new Set(policies.map((_, side) => requestingSide(policies, side)))].map(
      (side): Dimension => ({
        kind: "requested_provider",
        side,
        cells: [null, ...questions.values("requested_provider")],
      }),
    ),
    ...elementClasses(policies).map((found): Dimension => ({ kind: "element", class: found, cells: NO_YES })),
  ];
  return { policies, dimensions };
}

function spendDimensions(
  embeds: boolean,
  bounds: readonly number[],
  asked: readonly AskedReckoning[],
  budget: Budget,
): readonly Dimension[] {
  const meant = asked.filter((one) => one.embeds === embeds);
  const bills = meant.flatMap(({ price, ...bill }) => (price === "wished" ? [] : [{ ...bill, price }]));
  const wished = meant.filter(({ price }) => price === "wished");
  return [
    { kind: "spend", embeds, bounds, bills, cells: spendCells(bounds, bills, budget) },
    { kind: "wished", embeds, bills: wished, cells: wishedCells(wished, budget) },
  ];
}

function formCells(policies: readonly CompiledPolicy[], { atoms }: Questions): readonly (readonly Form[])[] {
  const facts = policies.flatMap(({ providers }) =>
    providers.flatMap(({ declared }) => [...(declared?.values() ?? [])]),
  );
  const asks = (flag: string) => atoms.some((atom) => atom.kind === "flag" && atom.flag === flag);
  const asksTools = asks("has_tools") || facts.some(({ tools }) => tools !== null);
  const asksImages = asks("has_images") || facts.some(({ images }) => images !== null);
  const lists = atoms.flatMap((atom) =>
    atom.kind === "choice" && (atom.of === "surface" || atom.of === "task") ? [atom] : [],
  );
  return together(FORMS, (form) => [
    lists.map((list) => list.values.includes(list.of === "surface" ? form.surface : form.task)),
    form.task === "embedding",
    asks("stream") && form.streamed,
    asksTools && form.hasTools,
    form.content === "text",
    asksImages && form.content === "image",
  ]);
}
