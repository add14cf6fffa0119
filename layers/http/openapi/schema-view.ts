import { html, inline, type Markup } from './markup.ts';
import type { JsonSchema } from './schemas.ts';

/** A field of an object, wherever it is nested: `lines[].quantity`. */
interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** Shows a schema: an object as a table of its fields, anything else as one line. */
export function schemaView(schema: JsonSchema): Markup {
  const variants = (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined;
  if (variants?.every(({ type }) => type === 'object')) {
    return html`${variants.map((variant, n) => html`${n > 0 && html`<p>or</p>`}${schemaView(variant)}`)}`;
  }
  const fields = [...fieldsOf(schema, '')];
  if (fields.length === 0) return html`<p>${typeOf(schema)}${noteOf(schema)}</p>`;
  return html`<table>
    <tbody>${fields.map(
      ({ path, schema: field, isRequired }) => html`<tr>
        <th scope="row"><code>${path}</code>${!isRequired && html`<small> optional</small>`}</th>
        <td>${typeOf(field)}${noteOf(field)}</td>
      </tr>`,
    )}</tbody>
  </table>`;
}

/** The type of a value in few words, linked to where it is described. */
export function typeOf(schema: JsonSchema): Markup {
  const {
    $ref,
    type,
    anyOf,
    enum: words,
    items,
  } = schema as {
    $ref?: string;
    type?: string | readonly string[];
    anyOf?: readonly JsonSchema[];
    enum?: readonly unknown[];
    items?: JsonSchema;
    const?: unknown;
  };
  if ($ref) {
    const name = $ref.split('/').at(-1) ?? '';
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (words) return listed(words.map((word) => html`<code>${String(word)}</code>`));
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (anyOf) return listed(anyOf.map(typeOf));
  if (items) return html`list of ${typeOf(items)}`;
  if (type === undefined) return html`anything`;
  return html`${[type].flat().join(' or ')}${schema.format !== undefined && ` (${schema.format})`}`;
}

function listed(parts: readonly Markup[]): Markup {
  return html`${parts.map((part, n) => html`${n > 0 && ' or '}${part}`)}`;
}

function noteOf(schema: JsonSchema): Markup {
  const bounds = [
    ['minLength', 'at least %s characters'],
    ['maxLength', 'at most %s characters'],
    ['minItems', 'at least %s'],
    ['maxItems', 'at most %s'],
    ['minimum', 'at least %s'],
    ['maximum', 'at most %s'],
    ['default', '%s unless said'],
  ].flatMap(([name = '', words = '']) =>
    schema[name] === undefined ? [] : [words.replace('%s', String(schema[name]))],
  );
  return html`${bounds.length > 0 && `; ${bounds.join(', ')}`}${
    typeof schema.description === 'string' && html`<br /><small>${inline(schema.description)}</small>`
  }`;
}

/** The fields of an object and of the objects directly inside it. */
function* fieldsOf(schema: JsonSchema, prefix: string): Generator<Field> {
  const { properties, required = [] } = schema as {
    properties?: Readonly<Record<string, JsonSchema>>;
    required?: readonly string[];
  };
  for (const [name, field] of Object.entries(properties ?? {})) {
    yield { path: prefix + name, schema: field, isRequired: required.includes(name) };
    yield* fieldsOf(field, `${prefix}${name}.`);
    if (field.items) yield* fieldsOf(field.items as JsonSchema, `${prefix}${name}[].`);
  }
}
