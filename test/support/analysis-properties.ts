import { deepStrictEqual, ok } from "node:assert";
import fc from "fast-check";
import type { Features } from "../../src/core/features.ts";
import { analyse } from "../../src/policy/analyse/analyse.ts";
import { Axes } from "../../src/policy/analyse/axes.ts";
import { boxesOf } from "../../src/policy/analyse/describe.ts";
import { FALSE } from "../../src/policy/analyse/diagram.ts";
import { FORMS } from "../../src/policy/analyse/forms.ts";
import { Interned } from "../../src/policy/analyse/interned.ts";
import type { Outcome } from "../../src/policy/analyse/outcomes.ts";
import { spaceOf } from "../../src/policy/analyse/space.ts";
import { Study } from "../../src/policy/analyse/study.ts";
import { outcomeOf } from "../../src/policy/analyse/witness.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import { decide } from "../../src/policy/decide.ts";
import { diffPolicies } from "../../src/policy/diff.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { arbitraryChange, arbitraryEntangled } from "./arbitrary-change.ts";
import { arbitraryDocument, arbitraryFeatures } from "./arbitrary-policy.ts";
import { claimsOf, trueClaims } from "./brute-force-analysis.ts";
import { diffClaimsOf, trueDiffClaims } from "./brute-force-diff.ts";
import { everyRequest, isExact, sizeOf } from "./every-request.ts";
import { pointOf } from "./point-of.ts";

/** More than any policy here comes to: its lists are whole. */
const ALL = 1_000_000;
const MAX_NODES = 5_000_000;
const REQUESTS_PER_POLICY = 50;

type Property = (most: number) => fc.IProperty<[unknown]>;

/**
 * What must hold for every policy; each throws where it does not. Every request of a policy is tried where there are no
 * more than `most`; other policies are drawn again and count as no run.
 */
export const PROPERTIES: Readonly<Record<string, Property>> = {
  "diagrams say of every request what is decided": (most) =>
    fc.property(arbitraryEntangled(3), (document) => {
      const study = studyOf(document);
      const { space } = study.axes;
      fc.pre(sizeOf(space) <= most && isExact(space));
      for (const { point, features } of everyRequest(space)) for (const one of features) agrees(study, point, one);
    }),
  "every request there can be has a point, and diagrams say of it what is decided": () =>
    fc.property(requests(), ({ document, all }) => {
      const study = studyOf(document);
      for (const features of all) {
        const point = pointOf(study.axes.space, features);
        ok(!point.includes(-1), "a request has no cell");
        agrees(study, point, features);
      }
    }),
  "an analysis claims what is true of all requests, and nothing else": (most) =>
    fc.property(arbitraryEntangled(3), (document) => {
      const truth = trueClaims(document, most);
      if (truth === null) return fc.pre(false);
      const analysis = analyse(compilePolicy(document), { maxNodes: MAX_NODES, maxOverlaps: ALL });
      ok(analysis.complete && analysis.undecided.length === 0);
      deepStrictEqual(claimsOf(analysis), truth);
    }),
  "a diff claims what changes for some request, and nothing else": (most) =>
    fc.property(arbitraryChange(3), ([old, now]) => {
      const truth = trueDiffClaims(old, now, most);
      if (truth === null) return fc.pre(false);
      const diff = diffPolicies(compilePolicy(old), compilePolicy(now), { maxNodes: MAX_NODES, maxChanges: ALL });
      ok(diff.complete);
      deepStrictEqual(diffClaimsOf(diff), truth);
    }),
  "what a smaller budget still says is said by a larger one, too": () =>
    fc.property(fc.tuple(arbitraryEntangled(3), fc.integer({ min: 0, max: 3_000 })), ([document, maxNodes]) => {
      const policy = compilePolicy(document);
      const [part, whole] = [analyse(policy, { maxNodes }), analyse(policy, { maxNodes: MAX_NODES })];
      for (const list of [
        "unreachable",
        "redundant",
        "deadRoutes",
        "overlaps",
        "idleConstraints",
        "idleShadow",
      ] as const) {
        const said = new Set(whole[list].map(claimOf));
        for (const finding of part[list]) ok(said.has(claimOf(finding)), list);
      }
    }),
  "conditions that are listed hold for requests that are meant only, and without more for all of them": () =>
    fc.property(fc.tuple(arbitraryEntangled(3), fc.integer({ min: 1, max: 20 })), ([document, most]) => {
      const { axes, reaches } = studyOf(document);
      const { regions } = axes;
      for (const { decides } of reaches) {
        const { boxes, rest } = boxesOf(axes, decides, most);
        const listed = regions.any(boxes.map(({ box }) => regions.ofBox(box)));
        ok(regions.without(listed, decides) === FALSE);
        ok(regions.without(decides, listed) === rest);
        ok(boxes.every(({ box, point }) => point.every((cell, level) => box[level]?.includes(cell))));
      }
    }),
};

/** Not by which example: with less to spend fewer numbers are tried out, and another request may be the first found. */
const claimOf = (finding: object) => JSON.stringify({ ...finding, witness: null });

export function prove(name: string, runs: number, most: number, seed?: number): void {
  const property = PROPERTIES[name];
  if (property === undefined) throw new Error("there is no such property");
  fc.assert(property(most), { numRuns: runs, maxSkipsPerRun: 1_000, ...(seed === undefined ? {} : { seed }) });
}

function studyOf(document: PolicyDocument): Study {
  return new Study(new Axes(spaceOf([compilePolicy(document)]), MAX_NODES), 0, new Interned<Outcome>());
}

function agrees({ axes, outcomes, policy, reaches, numbers }: Study, point: readonly number[], features: Features) {
  const { diagrams } = axes.regions;
  const decision = decide(policy, features);
  const deciding = reaches.filter(({ decides }) => diagrams.valueAt(decides, point) === 1);
  deepStrictEqual(
    deciding.map(({ rule }) => [rule.id, numbers.valueOf(diagrams.valueAt(outcomes.of(rule), point))]),
    [[decision.rule, outcomeOf(decision)]],
  );
  const held = policy.constraints.filter((_, index) => diagrams.valueAt(outcomes.held[index] ?? FALSE, point) === 1);
  deepStrictEqual(
    held.map(({ id }) => id),
    decision.constraints.map(({ id }) => id),
  );
}

/** Requests of any numbers at all, in forms that requests can have. */
function requests() {
  return arbitraryDocument(4).chain((document) => {
    const drawn = fc.tuple(arbitraryFeatures(compilePolicy(document)), fc.constantFrom(...FORMS));
    const features = drawn.map(
      ([one, { content, ...form }]): Features => ({
        ...one,
        ...form,
        hasImages: content === "image",
        opaqueContent: content !== "text",
        maxOutputTokens: one.maxOutputTokens === 0 ? 1 : one.maxOutputTokens,
      }),
    );
    const all = fc.array(features, { minLength: REQUESTS_PER_POLICY, maxLength: REQUESTS_PER_POLICY });
    return fc.record({ document: fc.constant(document), all });
  });
}
