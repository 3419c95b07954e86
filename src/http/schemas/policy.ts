import { type Static, Type } from "@sinclair/typebox";
import { DELIVERIES } from "../../core/decision.ts";
import { literals, nullable, openBody } from "./literals.ts";

export const ForbidsBody = Type.Object({
  zones: Type.Array(Type.String()),
  providers: Type.Array(Type.String()),
  models: Type.Array(Type.String()),
});

export const RoutesBody = Type.Object(
  {
    policy: Type.String({ description: "The name of the policy." }),
    constraints: Type.Array(
      Type.Object({ id: Type.String(), when: Type.String(), forbids: ForbidsBody, reason: Type.String() }),
      { description: "Each holds by itself, whatever the rules say." },
    ),
    rules: Type.Array(
      Type.Object({
        id: Type.String(),
        when: Type.String(),
        route: Type.Array(Type.String(), {
          description: "Providers in the order to try. Empty: the request is denied.",
        }),
        forbidden_zones: Type.Array(Type.String(), {
          description: "Zones that some constraint forbids wherever this rule matches. Others may be forbidden, too.",
        }),
        reason: Type.String(),
      }),
      { description: "In order; the first that matches decides." },
    ),
    providers: Type.Array(Type.Object({ id: Type.String(), zone: Type.String(), default_model: Type.String() })),
  },
  { description: "The policy in force, in words." },
);
export type RoutesBody = Static<typeof RoutesBody>;

const When = nullable(openBody("A condition as policy files write it. Null: always."));

const milliseconds = (description: string) => nullable(Type.Integer({ minimum: 0, description }));

/** Null where the policy does not say: then what the next wider scope says counts. */
const AttemptLimits = {
  timeout_ms: milliseconds("For a whole answer; where the two below say nothing, in a stream for each of them."),
  connect_timeout_ms: milliseconds("For a connection."),
  first_token_timeout_ms: milliseconds("From the call to the first of a streamed answer's content."),
  idle_timeout_ms: milliseconds("Between two signs of life of a stream that has begun."),
  retries: nullable(
    Type.Integer({ minimum: 0, description: "How often it is asked again after a failure that may pass." }),
  ),
};

/** What a rule asks for beside its route. Null: as the client, the provider and the settings say. */
export const EffectsBody = Type.Object({
  limits: Type.Object({
    max_output_tokens: nullable(Type.Integer()),
    max_estimated_cost_micros: nullable(Type.Integer({ description: "In micro-USD." })),
  }),
  delivery: literals(DELIVERIES),
  attempts: Type.Object({
    deadline_ms: milliseconds("For a request over all its attempts."),
    ...AttemptLimits,
    max_targets: nullable(Type.Integer({ minimum: 1, description: "How many of the candidates are tried." })),
  }),
});
export type EffectsBody = Static<typeof EffectsBody>;

const Breaker = Type.Object(
  {
    failure_percent: Type.Integer({ minimum: 1, maximum: 100 }),
    minimum_calls: Type.Integer({ minimum: 1 }),
    window_ms: Type.Integer({ minimum: 1 }),
    open_ms: Type.Integer({ minimum: 1 }),
  },
  {
    description:
      "A model of the provider is left alone, first for `open_ms`, once so many of a hundred of at least `minimum_calls` within `window_ms` failed.",
  },
);

const PolicyRule = Type.Object({
  id: Type.String(),
  reason: Type.String(),
  when: When,
  route: nullable(Type.Array(Type.String(), { description: "Providers in the order to try. Null: denied." })),
  ...EffectsBody.properties,
});
export type PolicyRule = Static<typeof PolicyRule>;

export const PolicyBody = Type.Object(
  {
    name: Type.String(),
    version: Type.Integer(),
    hash: Type.String({ description: "`sha256:<hex>`, as audit events name it." }),
    source: literals(["built-in", "file"]),
    loaded_at: Type.String({ format: "date-time" }),
    providers: Type.Array(
      Type.Object({
        id: Type.String(),
        kind: literals(["ollama", "openai"]),
        zone: Type.String(),
        default_model: Type.String(),
        attempts: Type.Object(AttemptLimits, { description: "What a rule says counts before this." }),
        breaker: Breaker,
        max_concurrency: Type.Integer({ minimum: 1, description: "Calls that may be under way at once." }),
      }),
    ),
    signals: Type.Array(
      Type.Object({
        id: Type.String(),
        keyword_count: Type.Integer(),
        patterns: Type.Array(Type.String(), { description: "Their ids." }),
        detectors: Type.Array(Type.String(), { description: "Codes of docs/reference/detectors.md." }),
        groups: Type.Array(Type.String()),
      }),
      { description: "What is looked for. Shows no keyword and no pattern." },
    ),
    constraints: Type.Array(
      Type.Object({ id: Type.String(), reason: Type.String(), when: When, forbids: ForbidsBody }),
    ),
    rules: Type.Array(PolicyRule, { description: "In order; the first that matches decides." }),
    default: PolicyRule,
    shadow: Type.Array(PolicyRule, { description: "Evaluated and recorded, never acted on." }),
  },
  { description: "The policy in force." },
);
export type PolicyBody = Static<typeof PolicyBody>;
