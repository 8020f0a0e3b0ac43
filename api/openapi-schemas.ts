// Schemas of the OpenAPI document: zod's own JSON Schema, with everything that has an id as a component.
import { z } from 'zod';

/** As much of a JSON Schema as the document looks into. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

/** Collects the components that schemas refer to while it translates them. */
export class SchemaComponents {
  readonly #schemas = new Map<string, unknown>();

  /** What a caller may send. */
  input<T extends z.ZodType | undefined>(schema: T): T extends undefined ? undefined : JsonSchema;
  input(schema: z.ZodType | undefined): JsonSchema | undefined {
    return schema && this.#translate(schema, 'input');
  }

  /** What a caller gets. */
  output(schema: z.ZodType): JsonSchema {
    return this.#translate(schema, 'output');
  }

  /** Every component so far, by name. */
  all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #translate(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    // inside an object even the outermost schema becomes a reference when it has an id
    const { $defs, properties } = z.toJSONSchema(z.object({ value: schema }), { io, unrepresentable: 'any' });
    const names = new Map<string, string>();
    for (const [id, definition] of Object.entries($defs ?? {}))
      names.set(id, this.#nameOf(id, definition, io));
    for (const [id, definition] of Object.entries($defs ?? {})) {
      this.#schemas.set(names.get(id) ?? id, withReferences(definition, names));
    }
    return jsonSchema(withReferences(properties?.['value'], names));
  }

  /** The same id may look different to who sends it and who gets it; then it is two components. */
  #nameOf(id: string, definition: unknown, io: 'input' | 'output'): string {
    const known = this.#schemas.get(id);
    const same =
      known === undefined || JSON.stringify(known) === JSON.stringify(withReferences(definition, new Map()));
    return same || io === 'output' ? id : `${id}Input`;
  }
}

function withReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // a schema's own id is a string; a property that is called id has a schema
      .filter(([key, inner]) => key !== '$schema' && !(key === 'id' && typeof inner === 'string'))
      .map(([key, inner]) => [
        key,
        key === '$ref' ? reference(String(inner), names) : withReferences(inner, names),
      ]),
  );
}

function reference(pointer: string, names: ReadonlyMap<string, string>): string {
  const id = pointer.replace('#/$defs/', '');
  return `#/components/schemas/${names.get(id) ?? id}`;
}

function jsonSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
