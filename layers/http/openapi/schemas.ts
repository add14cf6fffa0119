import * as z from 'zod';
import type { Vocabulary } from './documentation.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas as JSON Schema 2020-12. Those that have a name are kept once. */
export interface SchemaBook {
  /** A schema of what is sent (`input`) or answered (`output`), with references into the components. */
  read(schema: z.ZodType, direction: 'input' | 'output'): JsonSchema;
  /** The schemas that were referred to, by name. */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

/** Zod puts schemas here that refer to themselves. Only `z.json()` does, which is any JSON. */
const recursive = /^__schema\d+$/;

/** @throws Error when two different schemas have one name */
export function openSchemaBook(vocabulary: Vocabulary): SchemaBook {
  const components: Record<string, JsonSchema> = {};
  return {
    components,
    read(schema, direction) {
      const {
        $schema: _,
        $defs,
        ...read
      } = tidy(
        z.toJSONSchema(schema, {
          io: direction,
          metadata: vocabulary,
          unrepresentable: 'any',
          override: ({ zodSchema, jsonSchema }) => {
            // Where a text counts its characters itself, only its description knows how many it takes.
            const { maxLength } = z.globalRegistry.get(zodSchema) ?? {};
            if (maxLength !== undefined) jsonSchema.maxLength = Number(maxLength);
            // The format says the same; its pattern has up to three hundred characters.
            if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
          },
        }),
      ) as { $schema: string; $defs?: Record<string, JsonSchema> };
      for (const [name, definition] of Object.entries($defs ?? {})) {
        if (recursive.test(name)) continue;
        const known = components[name];
        if (known && JSON.stringify(known) !== JSON.stringify(definition))
          throw new Error(`two different schemas are called ${name} in the vocabulary: rename one`);
        components[name] = definition;
      }
      return read;
    },
  };
}

/** Points references at the components, and removes what carries no information. */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...rest } = node as Record<string, unknown>;
  if (typeof $ref === 'string' && recursive.test(nameOf($ref))) return {};
  const entries = Object.entries(rest)
    .filter(([key, value]) => !(key === 'propertyNames' && JSON.stringify(value) === '{"type":"string"}'))
    // Zod adds the largest integer of a double; the API has no such rule.
    .filter(([key, value]) => !(key === 'maximum' && value === Number.MAX_SAFE_INTEGER))
    .map(([key, value]) => [key, tidy(value)]);
  return {
    ...(typeof $ref === 'string' && { $ref: `#/components/schemas/${nameOf($ref)}` }),
    ...Object.fromEntries(entries),
  };
}

function nameOf(reference: string): string {
  return reference.replace('#/$defs/', '');
}
