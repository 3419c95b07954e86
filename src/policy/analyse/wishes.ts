import { LOCAL_ZONE, type ProviderId } from "../../core/decision.ts";
import { modelForWish } from "../answering-model.ts";
import type { CompiledPolicy, CompiledProvider } from "../compiled.ts";
import { asPolicySpells, otherSpelling } from "../features.ts";
import { type Answer, type Asked, answerOf, modelIn, type Wish } from "./answers.ts";
import { together } from "./cells.ts";
import { asksCosts, type Questions } from "./questions.ts";

/** Under one policy, or under the old and the new, which has the place 1. */
export type Side = number;

/** Wishes that all conditions and all providers take alike are one cell. */
export function wishCells(policies: readonly CompiledPolicy[], questions: Questions): readonly (readonly Wish[])[] {
  const named = policies.flatMap(({ models }) => [...models]);
  const names = [
    ...new Set([...named, ...named.map(otherSpelling).filter((name) => isReadApart(policies, name))]),
  ].toSorted();
  const wishes: readonly Wish[] = [
    { kind: "auto" },
    ...names.map((model): Wish => ({ kind: "named", model })),
    ...ofOneOnly(policies).flatMap((provider) => names.map((model): Wish => ({ kind: "named", model, provider }))),
    { kind: "another", model: nameOfNone(names) },
  ];
  const asked = questions.atoms.flatMap((atom) => (atom.kind === "choice" && atom.of === "model" ? [atom.values] : []));
  const isCostAsked = asksCosts(policies, questions);
  const tellingOf = (policy: CompiledPolicy, provider: CompiledProvider, asking: Asked) => {
    const answer = answerOf(policy, provider, asking);
    return answer === null || isCostAsked ? answer : { ...answer, price: null };
  };
  return together(wishes, (wish) => [
    policies.map((policy) => asked.map((values) => values.includes(modelIn(policy, wish)))),
    policies.flatMap((policy, side) =>
      policy.providers.map((provider) => [
        bothTasks.map((embeds) => tellingOf(policy, provider, { wish, embeds, isOffered: false })),
        bothTasks.map((embeds) => tellingOf(policy, provider, { wish, embeds, isOffered: true })),
        offeringSide(policies, side, provider, wish),
      ]),
    ),
  ]);
}

/** Whether it is the same model as another name to the one policy only. */
const isReadApart = (policies: readonly CompiledPolicy[], name: string): boolean =>
  new Set(policies.map((policy) => asPolicySpells(name, policy))).size > 1;

const bothTasks: readonly boolean[] = [false, true];

/** A name such as `eu/small` is of a model of `eu` to the one policy and nothing but a name to the other. */
const ofOneOnly = (policies: readonly CompiledPolicy[]): readonly ProviderId[] =>
  policies
    .flatMap(({ providers }) => providers.map(({ id }) => id))
    .filter((id, _, ids) => policies.length > 1 && ids.indexOf(id) === ids.lastIndexOf(id));

function nameOfNone(names: readonly string[]): string {
  let name = "another-model";
  while (names.includes(name)) name += "-";
  return name;
}

/**
 * By which policy's dimension it goes whether a provider can be asked: by the old one's for both where both ask the same
 * server for the same model, for then it can be asked under both or under none.
 */
export function offeringSide(
  policies: readonly CompiledPolicy[],
  side: Side,
  { id }: CompiledProvider,
  wish: Wish,
): Side {
  const asked = policies.map((policy) => {
    const provider = policy.providers.find((one) => one.id === id);
    return provider === undefined ? null : JSON.stringify(offerOf(policy, provider, wish));
  });
  return asked[0] === asked[side] ? 0 : side;
}

/** A server that lists no models is not asked for one that a local provider has: who is local matters, too. */
function offerOf(policy: CompiledPolicy, provider: CompiledProvider, wish: Wish): unknown {
  const isAsked = provider.declared === null && provider.kind === "openai";
  const locals = isAsked ? policy.providers.filter(({ zone }) => zone === LOCAL_ZONE) : [];
  return [serverOf(policy, provider, wish), locals.map((one) => serverOf(policy, one, wish))];
}

function serverOf(policy: CompiledPolicy, provider: CompiledProvider, wish: Wish): unknown {
  const { id, kind, zone, declared, wishes, defaultModel } = provider;
  const { base_url, api_key } = policy.document.providers[id] ?? {};
  if (wish.kind === "auto") return [id, kind, base_url, api_key];
  const model = modelIn(policy, wish);
  const said = [wishes.has(model), declared?.has(model), model === defaultModel];
  return [id, kind, zone, base_url, api_key, modelForWish(provider, model), said];
}

/** The providers of each policy of which it can matter whether they can be asked for what is wished. */
export function offerings(
  policies: readonly CompiledPolicy[],
  cells: readonly (readonly Wish[])[],
): readonly { readonly side: Side; readonly provider: ProviderId }[] {
  const needed = policies.flatMap((policy, side) =>
    policy.providers.flatMap((provider) =>
      cells.flatMap(([wish]) =>
        wish !== undefined && bothTasks.some((embeds) => differs(policy, provider, wish, embeds))
          ? [{ side: offeringSide(policies, side, provider, wish), provider: provider.id }]
          : [],
      ),
    ),
  );
  const distinct = new Map(needed.map((one) => [`${one.side} ${one.provider}`, one] as const));
  return [...distinct].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, offering]) => offering);
}

function differs(policy: CompiledPolicy, provider: CompiledProvider, wish: Wish, embeds: boolean): boolean {
  const answer = (isOffered: boolean): Answer | null => answerOf(policy, provider, { wish, embeds, isOffered });
  return JSON.stringify(answer(false)) !== JSON.stringify(answer(true));
}

/**
 * By which policy's dimension it goes which provider a request asks for: the first that has the model, where the name of
 * the model names none. So the policies ask alike only where they have the same providers with the same models.
 */
export function requestingSide(policies: readonly CompiledPolicy[], side: Side): Side {
  const asked = policies.map(({ providers, document }) =>
    JSON.stringify(
      providers.map(({ id, kind, zone, declared, wishes, defaultModel, defaultEmbeddingModel }) => {
        const { base_url, api_key } = document.providers[id] ?? {};
        const names = [declared === null ? null : [...declared.keys()], [...wishes.keys()]];
        return [id, kind, zone, base_url, api_key, defaultModel, defaultEmbeddingModel, names];
      }),
    ),
  );
  return asked[0] === asked[side] ? 0 : side;
}
