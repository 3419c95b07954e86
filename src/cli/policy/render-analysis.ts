import type { Analysis } from "../../policy/analyse/analyse.ts";
import type { CompiledPolicy } from "../../policy/compiled.ts";
import { bullet, type Described, paragraph, traffic } from "../command/text.ts";
import { decisionWords, requestWords, type Shown } from "./witness.ts";

export type Analysed = {
  readonly file: string;
  readonly policy: Pick<CompiledPolicy, "name" | "version">;
  readonly analysis: Analysis;
};

/** For a terminal: what is wrong first, then what is worth to know, and last how far it goes. */
export function renderAnalysis({ file, policy, analysis }: Analysed): string {
  const sections = SECTIONS.map(([title, lines]) => [title, lines(analysis)] as const);
  return [
    `${file}: ${policy.name}, version ${policy.version}`,
    ...sections.flatMap(([title, lines]) => (lines.length === 0 ? [] : ["", title, ...lines])),
    "",
    ...paragraph(closing(analysis)),
    "",
  ].join("\n");
}

type Section = readonly [title: string, lines: (analysis: Analysis) => readonly string[]];

const SECTIONS: readonly Section[] = [
  [
    "Rules that are never reached",
    ({ unreachable }) =>
      unreachable.flatMap(({ rule, coveredBy }) =>
        bullet(
          coveredBy.length === 0
            ? `${rule}: its condition contradicts itself`
            : `${rule}: all that it asks for goes by ${coveredBy.join(", ")} before it`,
        ),
      ),
  ],
  [
    "Routes that leave nobody to ask",
    ({ deadRoutes }) =>
      deadRoutes.flatMap(({ rule, always, constraints, ...requests }) => {
        const by = constraints.length === 0 ? "" : `, by ${constraints.join(", ")}`;
        return [...bullet(`${rule}: for ${always ? "all" : "some"} that it decides${by}`), ...trafficLines(requests)];
      }),
  ],
  [
    "Rules that could be left out",
    ({ redundant }) =>
      redundant.flatMap(({ rule, insteadBy, changesReasons }) =>
        bullet(`${rule}: ${insteadBy.join(", ")} would do the same${changesReasons ? ", and give other reasons" : ""}`),
      ),
  ],
  [
    "Constraints that do nothing",
    ({ idleConstraints }) =>
      idleConstraints.flatMap(({ constraint, why }) =>
        bullet(
          why === "never_holds"
            ? `${constraint}: its condition contradicts itself`
            : `${constraint}: no rule routes to what it forbids, wherever it holds`,
        ),
      ),
  ],
  [
    "Watched rules that say nothing",
    ({ idleShadow }) =>
      idleShadow.flatMap(({ rule, why }) =>
        bullet(
          why === "never_holds"
            ? `${rule}: its condition contradicts itself`
            : `${rule}: nobody of its route is ever left to ask`,
        ),
      ),
  ],
  [
    "Rules that overlap: the first decides, and the other would decide otherwise",
    ({ overlaps, moreOverlaps }) => [
      ...overlaps.flatMap(({ first, second, witness }) => [...bullet(`${first}, then ${second}`), ...example(witness)]),
      ...(moreOverlaps ? bullet("and more") : []),
    ],
  ],
  ["What only the default decides", ({ onlyDefault }) => (onlyDefault === null ? [] : trafficLines(onlyDefault))],
  [
    "Could not be told either way",
    ({ undecided }) => undecided.flatMap(({ about, id }) => bullet(`${id}: ${about.replaceAll("_", " ")}`)),
  ],
];

const trafficLines = ({ witness, ...described }: Described & { readonly witness: Shown }): readonly string[] => [
  ...traffic(described),
  ...example(witness),
];

const example = ({ features, decision }: Shown): readonly string[] =>
  bullet(`for example ${requestWords(features)}: ${decisionWords(decision)}`, 4);

function closing({ complete, nodes, maxNodes }: Analysis): string {
  return complete
    ? `The analysis is complete: it holds for every request there could be (${nodes} nodes).`
    : `The analysis ended at its bound of ${maxNodes} nodes: what it says is proven, but more may be wrong.`;
}
