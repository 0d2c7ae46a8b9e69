import * as z from 'zod';

/** What the schema says about a member besides its type. */
export interface MemberNotes {
  description?: string;
  examples?: readonly unknown[];
  /** What the member will do in a later version; it is refused now. */
  notYet?: string;
  /** Words that a later version will know, with what they will do. */
  notYetValues?: Readonly<Record<string, string>>;
  /** What the manual calls the type, when its own name says too little. */
  kind?: string;
}

/** A member of the schema without its wrappings. */
export interface Member {
  /** The type itself. */
  core: z.ZodType;
  nullable: boolean;
  /** May be left out. */
  optional: boolean;
  /** What stands in when it is left out; undefined = nothing, or a section's own defaults. */
  fallback: unknown;
  notes: MemberNotes;
}

/** Looks through defaults, null and transformations. Outer notes win over inner ones. */
export function look(schema: z.ZodType): Member {
  const notes = (schema.meta() ?? {}) as MemberNotes;
  const inner = wrapped(schema);
  if (inner === null) return { core: schema, nullable: false, optional: false, fallback: undefined, notes };
  const member = look(inner);
  return {
    core: member.core,
    nullable: member.nullable || schema instanceof z.ZodNullable,
    optional: member.optional || !(schema instanceof z.ZodNullable || schema instanceof z.ZodPipe),
    fallback: schema instanceof z.ZodDefault ? schema.def.defaultValue : member.fallback,
    notes: { ...member.notes, ...notes },
  };
}

/** What a wrapping wraps; null for a type itself. */
function wrapped(schema: z.ZodType): z.ZodType | null {
  const wraps =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable;
  if (wraps) return schema.unwrap() as z.ZodType;
  return schema instanceof z.ZodPipe ? (schema.in as z.ZodType) : null;
}

/** The members of a map with known members, or null for anything else. */
export function membersOf(core: z.ZodType): Readonly<Record<string, z.ZodType>> | null {
  return core instanceof z.ZodObject ? (core.shape as Record<string, z.ZodType>) : null;
}

/** The type of every value of a map with free names, or of every entry of a list; null for anything else. */
export function elementOf(core: z.ZodType): z.ZodType | null {
  if (core instanceof z.ZodRecord) return core.valueType as z.ZodType;
  return core instanceof z.ZodArray ? (core.element as z.ZodType) : null;
}

/** The schema under one step of a path, or null where the schema knows nothing. */
export function stepInto(schema: z.ZodType, step: string | number): z.ZodType | null {
  const { core } = look(schema);
  const members = membersOf(core);
  if (members === null) return elementOf(core);
  return Object.hasOwn(members, step) ? (members[step] ?? null) : null;
}
