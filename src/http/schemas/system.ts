import { type Static, Type } from "@sinclair/typebox";
import { PROVIDER_IDS, ZONES } from "../../core/decision.ts";
import { ROUTING_REASONS, type RoutingReason } from "../../core/reasons.ts";
import { literals, nullable } from "./literals.ts";

export const HealthBody = Type.Object({ status: Type.Literal("ok") }, { description: "The process serves." });

const Dependency = Type.Object({
  state: literals(["up", "down"]),
  required: Type.Boolean({ description: "Whether the gateway is unready without it." }),
  detail: nullable(Type.String({ description: "What is wrong and what to do." })),
});

export const ReadyBody = Type.Object(
  {
    status: literals(["ready", "unready"]),
    dependencies: Type.Object({ database: Dependency, local: Dependency, openai: Dependency }),
  },
  { description: "The state of each dependency." },
);
export type ReadyBody = Static<typeof ReadyBody>;

const ProviderId = literals(PROVIDER_IDS);

export const RoutesBody = Type.Object(
  {
    policy: Type.Literal("built-in"),
    rules: Type.Array(
      Type.Object({
        when: Type.String(),
        route: Type.Array(ProviderId),
        forbidden_zones: Type.Array(literals(ZONES)),
        reason: literals(Object.keys(ROUTING_REASONS) as RoutingReason[]),
      }),
      { description: "In order; the first that matches decides." },
    ),
    providers: Type.Array(
      Type.Object({
        id: ProviderId,
        zone: literals(ZONES),
        default_model: Type.String(),
      }),
    ),
  },
  { description: "The policy in force." },
);
export type RoutesBody = Static<typeof RoutesBody>;
