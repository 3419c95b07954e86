import { SURFACES, TASKS } from "../../core/chat.ts";
import type { Condition, Flag } from "../condition.ts";
import { wordsOf } from "../words.ts";
import { CONTENTS, FORMS, type Form } from "./forms.ts";

/** Forms that can be said attribute by attribute, and the cells that all of them make up. */
export type FormProduct = { readonly forms: readonly Form[]; readonly has: Has; readonly cells: readonly number[] };

type Attribute = "surface" | "streamed" | "hasTools" | "content";
type Has = Readonly<Record<Attribute, ReadonlySet<string | boolean>>>;

const VALUES: Readonly<Record<Attribute, readonly (string | boolean)[]>> = {
  surface: SURFACES,
  streamed: [false, true],
  hasTools: [false, true],
  content: CONTENTS,
};
const ATTRIBUTES: readonly Attribute[] = ["surface", "streamed", "hasTools", "content"];

/** From one cell on, value by value, as long as everything stays within the cells that may be. */
export function formProduct(all: readonly (readonly Form[])[], allowed: readonly number[], own: number): FormProduct {
  const may = new Set(allowed.flatMap((cell) => all[cell] ?? []));
  const start = all[own] ?? [];
  let has: Has = {
    surface: new Set(start.map(({ surface }) => surface)),
    streamed: new Set(start.map(({ streamed }) => streamed)),
    hasTools: new Set(start.map(({ hasTools }) => hasTools)),
    content: new Set(start.map(({ content }) => content)),
  };
  for (const attribute of ATTRIBUTES) {
    for (const value of VALUES[attribute]) {
      const wider = { ...has, [attribute]: new Set([...has[attribute], value]) };
      if (formsOf(wider).every((form) => may.has(form))) has = wider;
    }
  }
  const forms = formsOf(has);
  const within = new Set(forms);
  return { forms, has, cells: allowed.filter((cell) => (all[cell] ?? []).every((form) => within.has(form))) };
}

const formsOf = (has: Has): readonly Form[] =>
  FORMS.filter((form) => ATTRIBUTES.every((attribute) => has[attribute].has(form[attribute])));

export function formWords({ forms, has }: FormProduct): readonly string[] {
  const conditions = [
    ...surfaceConditions(forms, formsOf({ ...has, surface: new Set(SURFACES) })),
    ...flagConditions(has.streamed, "stream"),
    ...flagConditions(has.hasTools, "has_tools"),
    ...contentConditions(has.content),
  ];
  return conditions.map(wordsOf);
}

/** As little as tells these forms from all that are otherwise like them. */
function surfaceConditions(forms: readonly Form[], alike: readonly Form[]): readonly Condition[] {
  const surfaces = SURFACES.filter((surface) => forms.some((form) => form.surface === surface));
  const others = alike.filter(({ surface }) => !surfaces.includes(surface));
  if (others.length === 0) return [];
  const tasks = TASKS.filter((task) => forms.some((form) => form.task === task));
  if (!others.some(({ task }) => tasks.includes(task))) return [{ kind: "choice", of: "task", values: tasks }];
  return [{ kind: "choice", of: "surface", values: surfaces }];
}

function flagConditions(has: ReadonlySet<string | boolean>, flag: Flag): readonly Condition[] {
  if (has.size === 2) return [];
  return [has.has(true) ? { kind: "flag", flag } : not(flag)];
}

function contentConditions(has: ReadonlySet<string | boolean>): readonly Condition[] {
  const [text, opaque, image] = CONTENTS.map((content) => has.has(content));
  const images: Condition = { kind: "flag", flag: "has_images" };
  if (text && opaque) return image ? [] : [not("has_images")];
  if (text) return image ? [{ kind: "any", of: [not("opaque_content"), images] }] : [not("opaque_content")];
  if (!image) return [{ kind: "flag", flag: "opaque_content" }, not("has_images")];
  return [opaque ? { kind: "flag", flag: "opaque_content" } : images];
}

const not = (flag: Flag): Condition => ({ kind: "not", of: { kind: "flag", flag } });
