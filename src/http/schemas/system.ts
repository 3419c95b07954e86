import { type Static, Type } from "@sinclair/typebox";
import { literals, nullable } from "./literals.ts";

export const HealthBody = Type.Object({ status: Type.Literal("ok") }, { description: "The process serves." });

const dependency = {
  state: literals(["up", "down"]),
  required: Type.Boolean({ description: "Whether the gateway is unready without it." }),
  detail: nullable(Type.String({ description: "What is wrong and what to do." })),
};

const ProviderDependency = Type.Object({
  ...dependency,
  open_circuits: Type.Array(Type.String(), {
    description: "Models that are not asked for a while since they failed; `*` for the provider as a whole.",
  }),
  pauses: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
    description: "Models that the provider asked by `retry-after` to leave alone, and for how many milliseconds more.",
  }),
});

export const ReadyBody = Type.Object(
  {
    status: literals(["ready", "unready"]),
    audit: Type.Object(
      {
        state: literals(["open", "full", "failed"]),
        detail: nullable(Type.String({ description: "What is wrong and what to do." })),
        spool_bytes: Type.Integer({ description: "On disk." }),
        spool_max_bytes: Type.Integer(),
        unshipped_records: Type.Integer({
          description: "Requests that ended and are not known to be in the database.",
        }),
        oldest_unshipped_at: nullable(Type.String({ format: "date-time" })),
      },
      {
        description:
          "The spool that every request is put on record on first. `full` admits no request until records are in the database, `failed` until a restart.",
      },
    ),
    dependencies: Type.Record(Type.String(), Type.Union([ProviderDependency, Type.Object(dependency)]), {
      description: "The database, and each provider of the policy by its name.",
    }),
  },
  { description: "The state of each dependency." },
);
export type ReadyBody = Static<typeof ReadyBody>;
