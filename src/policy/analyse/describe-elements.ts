import { wordsOf } from "../words.ts";
import type { ElementClass } from "./elements.ts";
import type { Box } from "./regions.ts";
import { placed, type Space } from "./space.ts";

type Fixed = { readonly class: ElementClass; readonly isFound: boolean };

/** What must and what must not be found, by signals as far as those say it. */
export function elementWords(space: Space, box: Box): readonly string[] {
  const dimensions = placed(space, "element");
  const fixed = dimensions.flatMap(({ level, dimension }): Fixed[] => {
    const cells = box[level] ?? [];
    return cells.length === dimension.cells.length ? [] : [{ class: dimension.class, isFound: cells.includes(1) }];
  });
  const classes = dimensions.map(({ dimension }) => dimension.class);
  const found = fixed.filter(({ isFound }) => isFound).map((one) => foundWords(one.class, classes));
  return [...found, ...absentWords(space, fixed, classes)];
}

function foundWords(found: ElementClass, classes: readonly ElementClass[]): string {
  const [id, ...others] = namesOf(found);
  const isOnlyOne = classes.every(
    (other) => other === found || !other.signals.flat().some((name) => name === id?.name),
  );
  if (id !== undefined && others.length === 0 && id.where === "" && isOnlyOne) {
    return wordsOf({ kind: "signal", signal: id.name });
  }
  return `something that ${lookedFor(found)} is found`;
}

/** A signal with all its classes in it is not found; classes that no such signal has are said by themselves. */
function absentWords(
  { policies }: Space,
  fixed: readonly Fixed[],
  classes: readonly ElementClass[],
): readonly string[] {
  const absent = new Set(fixed.filter(({ isFound }) => !isFound).map((one) => one.class));
  const said = new Set<ElementClass>();
  const words: string[] = [];
  const sides = [...policies.keys()];
  const names = [...new Set([...absent].flatMap(({ signals }) => signals.flat()))];
  // What holds under both policies first: it says what holds under each of them, too.
  for (const asked of [sides, ...(sides.length > 1 ? sides.map((side) => [side]) : [])]) {
    for (const name of names) {
      const own = classes.filter(({ signals }) => asked.some((side) => signals[side]?.includes(name) === true));
      if (own.length === 0 || own.every((one) => said.has(one)) || !own.every((one) => absent.has(one))) continue;
      for (const one of own) said.add(one);
      const absence = wordsOf({ kind: "not", of: { kind: "signal", signal: name } });
      words.push(asked.length === sides.length ? absence : `${absence} by the ${SIDES[asked[0] ?? 0]} policy`);
    }
  }
  const rest = [...absent].filter((one) => !said.has(one)).map((one) => `nothing that ${lookedFor(one)} is found`);
  return [...words, ...rest];
}

const SIDES = ["old", "new"] as const;

/** A signal that both policies have in the class is named once; else with the policy that has it. */
function namesOf({ signals }: ElementClass): readonly { readonly name: string; readonly where: string }[] {
  const [first = [], second] = signals;
  if (second === undefined) return first.map((name) => ({ name, where: "" }));
  return [
    ...first.map((name) => ({ name, where: second.includes(name) ? "" : SIDES[0] })),
    ...second.filter((name) => !first.includes(name)).map((name) => ({ name, where: SIDES[1] })),
  ];
}

function lookedFor(found: ElementClass): string {
  const names = namesOf(found).map(({ name, where }) => `"${name}"${where === "" ? "" : ` of the ${where} policy`}`);
  return names.length === 1 ? `only signal ${names[0]} looks for` : `only signals ${names.join(" and ")} look for`;
}
