import { type Static, Type } from "@sinclair/typebox";
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
    dependencies: Type.Record(Type.String(), Dependency, {
      description: "The database, and each provider of the policy by its name.",
    }),
  },
  { description: "The state of each dependency." },
);
export type ReadyBody = Static<typeof ReadyBody>;
