import { type TSchema, Type } from "@sinclair/typebox";

/** One of a closed set of strings; typed, which `Type.Union` of a mapped array is not. */
export const literals = <const T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** A body whose fields are another protocol's to define. */
export const openBody = (description: string) => Type.Object({}, { additionalProperties: true, description });
