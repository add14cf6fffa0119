import { expect, test } from 'vitest';
import { html, inline, Markup, markdown } from './markup.ts';
import { schemaView, typeOf } from './schema-view.ts';

/** Without what stands between tags, which no browser shows. */
const tight = ({ text }: Markup) => text.replace(/>\s+</g, '><').trim();

test('values are escaped, markup is not; lists are joined, undefined and false are left out', () => {
  expect(html`<p>${`&<>"'`}</p>`.text).toBe('<p>&amp;&lt;&gt;&quot;&#39;</p>');
  expect(html`${html`<b>`}${new Markup('<i>')}${[1, 'a', [html`<u>`, '<']]}${0}`.text).toBe(
    '<b><i>1a<u>&lt;0',
  );
  expect(html`a${undefined}b${false}c${''}d`.text).toBe('abcd');
});

test('a description is paragraphs, code and bold text, and nothing else', () => {
  expect(markdown(undefined)).toBeUndefined();
  expect(markdown('one\ntwo\n\n`a < b` and **bold & more**')?.text).toBe(
    '<p>one\ntwo</p><p><code>a &lt; b</code> and <strong>bold &amp; more</strong></p>',
  );
  expect(inline('` * ** <script> x').text).toBe('` * ** &lt;script&gt; x');
});

test.each([
  ['a reference', { $ref: '#/components/schemas/Code' }, '<a href="#schema-Code">Code</a>'],
  ['words', { type: 'string', enum: ['a', '<'] }, '<code>a</code> or <code>&lt;</code>'],
  ['one value', { const: 'about:blank' }, '<code>&quot;about:blank&quot;</code>'],
  ['variants', { anyOf: [{ type: 'number' }, { type: 'null' }] }, 'number or null'],
  ['a list', { type: 'array', items: { type: 'string' } }, 'list of string'],
  ['a list of lists', { items: { items: { $ref: '#/x/Y' } } }, 'list of list of <a href="#schema-Y">Y</a>'],
  ['several types', { type: ['string', 'null'] }, 'string or null'],
  ['a format', { type: 'string', format: 'date-time' }, 'string (date-time)'],
  ['anything', {}, 'anything'],
])('the type of %s in few words', (_, schema, expected) => {
  expect(typeOf(schema).text).toBe(expected);
});

test('a value is one line, with its bounds and what it means', () => {
  const bounds = { minLength: 1, maxLength: 2, minItems: 3, maxItems: 4, minimum: 0, maximum: 6, default: 7 };
  expect(tight(schemaView({ type: 'string', ...bounds, description: 'A `b`.' }))).toBe(
    '<p>string; at least 1 characters, at most 2 characters, at least 3, at most 4, at least 0, at most 6, ' +
      '7 unless said<br /><small>A <code>b</code>.</small></p>',
  );
  expect(tight(schemaView({ type: 'string' }))).toBe('<p>string</p>');
});

test('an object is a table of its fields and of those inside them', () => {
  const line = { type: 'object', properties: { quantity: { type: 'number' } }, required: ['quantity'] };
  const schema = {
    type: 'object',
    required: ['lines'],
    properties: {
      lines: { type: 'array', maxItems: 5, items: line },
      more: { type: 'object', properties: { note: { type: 'string' } } },
    },
  };
  const row = (path: string, optional: boolean, type: string) =>
    `<tr><th scope="row"><code>${path}</code>${optional ? '<small> optional</small>' : ''}</th><td>${type}</td></tr>`;
  expect(tight(schemaView(schema))).toBe(
    `<table><tbody>${row('lines', false, 'list of object; at most 5')}${row('lines[].quantity', false, 'number')}${row(
      'more',
      true,
      'object',
    )}${row('more.note', true, 'string')}</tbody></table>`,
  );
  const either = tight(schemaView({ anyOf: [line, schema] }));
  expect(either).toBe(`${tight(schemaView(line))}<p>or</p>${tight(schemaView(schema))}`);
  expect(tight(schemaView({ oneOf: [line] }))).toBe(tight(schemaView(line)));
  expect(tight(schemaView({ anyOf: [line, { type: 'null' }] }))).toBe('<p>object or null</p>');
});
