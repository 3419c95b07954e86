import type { ConditionBody } from "./document.ts";

/** A condition of the policy, in the one form that deciding, explaining and analysing it share. */
export type Condition =
  | { readonly kind: "all"; readonly of: readonly Condition[] }
  | { readonly kind: "any"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  | Atom;

/** One question about a request. Equal atoms ask the same. */
export type Atom =
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "flag"; readonly flag: Flag }
  /** Both ends belong to it; `atMost` may be infinite. */
  | { readonly kind: "number"; readonly of: Quantity; readonly atLeast: number; readonly atMost: number }
  /** Whether the value is one of these. */
  | { readonly kind: "choice"; readonly of: Choice; readonly values: readonly string[] }
  | { readonly kind: "label"; readonly label: string; readonly values: readonly string[] };

export const FLAGS = ["stream", "has_tools", "has_images", "opaque_content", "scan_incomplete"] as const;
export type Flag = (typeof FLAGS)[number];

export const QUANTITIES = ["prompt_chars", "prompt_tokens", "estimated_cost_micros", "message_count"] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** `model` has the value `auto` too, and `requested_provider` none where there is none. */
export const CHOICES = ["surface", "task", "model", "requested_provider"] as const;
export type Choice = (typeof CHOICES)[number];

/** Holds for every request: an empty conjunction. */
export const ALWAYS: Condition = { kind: "all", of: [] };

/** Keys in the order of the file; a single one stands for itself. */
export function readCondition(body: ConditionBody | undefined): Condition {
  if (body === undefined) return ALWAYS;
  const parts = Object.entries(body).flatMap(([key, value]) => read(key, value));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "all", of: parts };
}

export const isAtom = (condition: Condition): condition is Atom =>
  condition.kind !== "all" && condition.kind !== "any" && condition.kind !== "not";

/** Every atom that it asks, in order; equal ones as often as they stand there. */
export function atomsOf(condition: Condition): readonly Atom[] {
  switch (condition.kind) {
    case "all":
    case "any":
      return condition.of.flatMap(atomsOf);
    case "not":
      return atomsOf(condition.of);
    default:
      return [condition];
  }
}

type Value = ConditionBody[keyof ConditionBody];

function read(key: string, value: Value): readonly Condition[] {
  const of = value as never;
  switch (key) {
    case "all":
    case "any":
      return [{ kind: key, of: (of as ConditionBody[]).map(readCondition) }];
    case "not":
      return [{ kind: "not", of: readCondition(of) }];
    case "signal":
      return [oneOf(listOf(of).map((signal) => ({ kind: "signal", signal })))];
    case "labels":
      return Object.entries(of as Record<string, string | string[]>).map(([label, values]) => ({
        kind: "label",
        label,
        values: listOf(values),
      }));
    default:
      return [readAtom(key, value)];
  }
}

function readAtom(key: string, value: Value): Condition {
  const flag = FLAGS.find((name) => name === key);
  if (flag !== undefined) {
    const atom: Atom = { kind: "flag", flag };
    return value === true ? atom : { kind: "not", of: atom };
  }
  const quantity = QUANTITIES.find((name) => name === key);
  if (quantity !== undefined) {
    const { at_least: atLeast = 0, at_most: atMost = Number.POSITIVE_INFINITY } = value as NonNullable<
      ConditionBody["prompt_chars"]
    >;
    return { kind: "number", of: quantity, atLeast, atMost };
  }
  const choice = CHOICES.find((name) => name === key);
  if (choice === undefined) throw new Error("a condition has a key that its schema does not know");
  return { kind: "choice", of: choice, values: listOf(value as string | string[]) };
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

function oneOf(conditions: readonly Condition[]): Condition {
  const [only] = conditions;
  return conditions.length === 1 && only !== undefined ? only : { kind: "any", of: conditions };
}
