import { type Static, Type } from "@sinclair/typebox";

export const ModelBody = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal("model"),
    created: Type.Integer({ description: "Unix time in seconds." }),
    owned_by: Type.String({ description: "The provider that has it." }),
  },
  { description: "A model that a request may name." },
);
export type ModelBody = Static<typeof ModelBody>;

export const ModelsBody = Type.Object(
  { object: Type.Literal("list"), data: Type.Array(ModelBody) },
  { description: "The models." },
);
