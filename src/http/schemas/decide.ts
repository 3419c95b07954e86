import { type Static, Type } from "@sinclair/typebox";
import { SURFACES, type Surface } from "../../core/chat.ts";
import { EXCLUSIONS } from "../../core/decision.ts";
import { FeaturesBody, ShadowResultBody } from "./audit.ts";
import { literals, nullable, openBody } from "./literals.ts";
import { EffectsBody, ForbidsBody } from "./policy.ts";

export const DEFAULT_SURFACE: Surface = "openai_chat";

/** Shared by routes that take a request of any surface and send it nowhere. */
export const SurfaceQuery = Type.Object({
  surface: Type.Optional(
    Type.Unsafe<Surface>({
      ...literals(SURFACES),
      default: DEFAULT_SURFACE,
      description: "The surface whose body is sent; left out, that of POST /v1/chat/completions.",
    }),
  ),
});

export const SURFACE_BODY = openBody("Exactly the body that the surface's own route takes.");

const Cost = nullable(Type.Integer({ description: "In micro-USD, rounded up. Null where no price is known." }));

const Because = Type.Array(
  Type.Object({
    words: Type.String({ description: "As it is with this request." }),
    truth: literals(["true", "false", "unknown"]),
    value: Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()], {
      description: "What the request has; null where that is nothing, or nobody knows it.",
    }),
  }),
  { description: "What made the condition hold, or fail." },
);

const Candidate = {
  provider: Type.String(),
  zone: Type.String(),
  model: nullable(Type.String({ description: "The model that it is, or would be, asked for." })),
  estimated_cost_micros: Cost,
};

/** Why a provider is no candidate: what policy says, and then what the gateway finds when it plans the call. */
export const OUT_BY = [...EXCLUSIONS, "cloud_model_refused", "steering_field_refused", "untranslatable_field"] as const;

export const DecideBody = Type.Object(
  {
    policy: Type.Object({ name: Type.String(), version: Type.Integer(), hash: Type.String() }),
    decision: literals(["route", "deny"]),
    rule: Type.String({ description: "Id of the rule that matched, or default." }),
    reason_codes: Type.Array(Type.String(), { minItems: 1 }),
    error: nullable(
      Type.Object(
        {
          code: Type.String({ description: "A code of docs/reference/reasons.md." }),
          message: Type.String(),
          field: nullable(Type.String({ description: "The field at fault, where one is." })),
        },
        { description: "What a client would be told. Null exactly when the request would be routed." },
      ),
    ),
    candidates: Type.Array(Type.Object(Candidate), { description: "In the order to try; empty when denied." }),
    excluded: Type.Array(
      Type.Object({
        ...Candidate,
        by: literals(OUT_BY),
        constraints: Type.Array(Type.String(), { description: "Ids of those that forbid it." }),
        why: Type.String(),
      }),
      { description: "Every other provider of the policy." },
    ),
    estimated_cost_micros: Cost,
    forbidden: ForbidsBody,
    effects: EffectsBody,
    constraints: Type.Array(
      Type.Object({
        id: Type.String(),
        reason: Type.String(),
        when: Type.String({ description: "The condition in words." }),
        forbids: ForbidsBody,
        held: Type.Boolean(),
        certain: Type.Boolean({
          description: "False where the condition is neither certainly true nor certainly false.",
        }),
        because: Because,
      }),
    ),
    rules: Type.Array(
      Type.Object({
        id: Type.String(),
        reason: Type.String(),
        when: Type.String({ description: "The condition in words." }),
        outcome: literals(["route", "deny"]),
        reached: Type.Boolean({ description: "Whether no rule before it held." }),
        holds: Type.Boolean({ description: "Whether its condition holds, reached or not." }),
        matched: Type.Boolean({ description: "Whether it is the one that decided." }),
        because: Because,
      }),
      { description: "In the order in which they are tried; the last is the default." },
    ),
    unread: Type.Boolean({
      description: "Some content could not be read: to constraints signals are unknown, to rules they are found.",
    }),
    shadow: Type.Array(ShadowResultBody),
    features: FeaturesBody,
    findings: Type.Record(Type.String(), Type.Integer({ minimum: 1 }), {
      description: 'How many of each kind the scanner found, by code: {"pii.email": 2}. Never where, and never what.',
    }),
  },
  { description: "What policy would do, and why. Nothing was done." },
);
export type DecideBody = Static<typeof DecideBody>;
