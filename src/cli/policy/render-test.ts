import type { CaseResult } from "../../policy/cases.ts";
import { type AtomCoverage, type Coverage, type Exercised, oneSided } from "../../policy/coverage.ts";
import { printable } from "../../policy/render-faults.ts";
import { bullet, rows } from "../command/text.ts";

export type Tested = {
  readonly file: string;
  readonly cases: readonly CaseResult[];
  /** Null where nobody asked for it. */
  readonly coverage: Coverage | null;
};

/** For a terminal. */
export function renderTests({ file, cases, coverage }: Tested): string {
  const failed = cases.filter(({ passed }) => !passed).length;
  return [
    ...cases.flatMap((one) => (one.passed ? [`ok    ${printable(one.name)}`] : renderFailed(one))),
    ...(cases.length === 0 ? [] : [""]),
    ...(coverage === null ? [] : [...renderCoverage(coverage), ""]),
    cases.length === 0 ? `${file} has no tests.` : `${file}: ${cases.length - failed} passed, ${failed} failed`,
    "",
  ].join("\n");
}

const renderFailed = ({ name, mismatches }: CaseResult): readonly string[] => [
  `FAIL  ${printable(name)}`,
  ...rows(
    mismatches.map(({ field, expected, got }) => [field, `expected ${expected}, got ${got}`] as const),
    6,
  ),
];

function renderCoverage(coverage: Coverage): readonly string[] {
  const { constraints, rules, shadow, atoms } = coverage;
  const unseen = oneSided(coverage);
  return [
    "Exercised by tests",
    ...rows([
      ["constraints", shareOf(constraints)],
      ["rules", shareOf(rules)],
      ...(shadow.length === 0 ? [] : [["shadow rules", shareOf(shadow)] as const]),
      ["conditions", `${atoms.length - unseen.length} of ${atoms.length} seen both to hold and to fail`],
    ]),
    ...unseen.flatMap(renderUnseen),
  ];
}

function shareOf(parts: readonly Exercised[]): string {
  if (parts.length === 0) return "none to exercise";
  const missing = parts.filter(({ tests }) => tests === 0).map(({ id }) => id);
  const share = `${parts.length - missing.length} of ${parts.length}`;
  return missing.length === 0 ? share : `${share}; not ${missing.join(", ")}`;
}

function renderUnseen({ part, id, question, holds, fails }: AtomCoverage): readonly string[] {
  const what = holds + fails === 0 ? "never asked" : holds === 0 ? "never seen to hold" : "never seen to fail";
  return bullet(`${part} ${id}: ${question}: ${what}`, 4);
}
