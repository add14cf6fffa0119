import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { docsPage } from './docs-page.ts';
import { stylesheet } from './stylesheet.ts';

const json = (schema: object, example?: unknown) => ({ 'application/json': { schema, example } });
const problem = {
  description: '`not_found`: it never was.',
  content: { 'application/problem+json': { schema: {} } },
};

const document = {
  info: { title: 'Tea & Co', version: '1.2', description: 'What **it** does.' },
  tags: [
    { name: 'items', description: 'Things <of> tea.' },
    { name: 'health', description: 'Whether it lives.' },
    { name: 'platform', description: 'For those who run it.' },
  ],
  paths: {
    '/v1/items/{sku}': {
      patch: {
        operationId: 'changeItem',
        tags: ['items'],
        summary: 'Changes an `item`',
        description: 'Only what is named.',
        security: [{ bearer: ['write'] }, { apiKey: ['write'] }],
        parameters: [
          { name: 'sku', in: 'path', required: true, schema: { type: 'string' }, example: 'A B' },
          { $ref: '#/components/parameters/Limit' },
          { name: 'kind', in: 'query', schema: { type: 'string' }, example: 'a&b' },
        ],
        requestBody: {
          required: true,
          content: json({ type: 'object', properties: { name: {} } }, { name: "Ada's" }),
        },
        responses: {
          200: { description: 'OK', content: json({ $ref: '#/components/schemas/Item' }, { sku: 'A B' }) },
          404: { $ref: '#/components/responses/Gone' },
        },
      },
    },
    '/health': {
      get: {
        operationId: 'health',
        tags: ['health'],
        summary: 'Whether it lives',
        security: [],
        responses: { 204: { description: 'Done.' } },
      },
    },
    '/platform/x/{slug}': {
      post: {
        operationId: 'x',
        tags: ['platform'],
        summary: 'Does x',
        security: [{ iam: [] }, { operatorKey: [] }],
        parameters: [{ name: 'slug', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: { required: false, content: json({ type: 'string' }) },
        responses: { 200: { description: 'OK', content: json({ type: 'string' }) } },
      },
    },
  },
  components: {
    parameters: {
      Limit: { name: 'limit', in: 'query', schema: { type: 'integer' }, description: 'How `many`.' },
    },
    responses: { Gone: problem },
    schemas: { Item: { type: 'string', description: 'A thing.' } },
  },
};

const page = docsPage(document);
const text = page.body.replace(/>\s+</g, '><');
/** The part of the page from one tag on through another. */
const part = (from: string, to: string) =>
  text.slice(text.indexOf(from), text.indexOf(to, text.indexOf(from)) + to.length);

describe('the page of the document', () => {
  test('is HTML that loads nothing, runs nothing and has one style', () => {
    const hash = createHash('sha256').update(stylesheet.text).digest('base64');
    expect([page.contentType, page.headers]).toEqual([
      'text/html',
      {
        'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      },
    ]);
    expect(page.body).toContain(`<style>${stylesheet.text}</style>`);
    expect(part('<!doctype', '</title>')).toBe(
      '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tea &amp; Co 1.2: the API</title>',
    );
  });

  test('leads to every route, by the order of the tags', () => {
    const link = (id: string, route: string) => `<li><a href="#${id}">${route}</a></li>`;
    expect(part('<nav', '</nav>')).toBe(
      '<nav aria-label="Routes"><p><strong>Tea &amp; Co</strong> 1.2<br><a href="/openapi.json">openapi.json</a></p>' +
        `<p>items</p><ul>${link('changeItem', 'PATCH /v1/items/{sku}')}</ul>` +
        `<p>health</p><ul>${link('health', 'GET /health')}</ul>` +
        `<p>platform</p><ul>${link('x', 'POST /platform/x/{slug}')}</ul>` +
        '<p><a href="#schemas">schemas</a></p></nav>',
    );
    expect(part('<h1>', '</p>')).toBe('<h1>Tea &amp; Co</h1><p>What <strong>it</strong> does.</p>');
    expect(text).toContain('<section><h2>items</h2><p>Things &lt;of&gt; tea.</p><article id="changeItem">');
    expect(text).toContain('<section><h2>platform</h2><p>For those who run it.</p><article id="x">');
  });

  test('shows what a route takes, how it is asked and what it answers', () => {
    const parameter = (name: string, place: string, type: string) =>
      `<tr><th scope="row"><code>${name}</code><small>${place}</small></th><td>${type}</td></tr>`;
    expect(
      part('<article id="changeItem">', '</article>').replaceAll('</code> <small>', '</code><small>'),
    ).toBe(
      '<article id="changeItem"><h3><code><b>PATCH</b> /v1/items/{sku}</code></h3>' +
        '<p>Changes an <code>item</code>. Needs the scope <code>write</code>.</p><p>Only what is named.</p>' +
        `<h4>Parameters</h4><table><tbody>${parameter('sku', 'path', 'string')}${parameter(
          'limit',
          'query, optional',
          'integer<br><small>How <code>many</code>.</small>',
        )}${parameter('kind', 'query, optional', 'string')}</tbody></table>` +
        '<h4>Body</h4><table><tbody><tr><th scope="row"><code>name</code><small> optional</small></th>' +
        '<td>anything</td></tr></tbody></table><h4>Try it</h4><pre><code>' +
        'curl -X PATCH &quot;$STOCKADE_URL/v1/items/A%20B?kind=a%26b&quot; \\\n' +
        '  -H &quot;authorization: Bearer $API_KEY&quot; \\\n' +
        '  -H &quot;content-type: application/json&quot; \\\n' +
        '  -d &#39;{&quot;name&quot;:&quot;Ada&#39;\\&#39;&#39;s&quot;}&#39;</code></pre>' +
        '<h4>Answers</h4><dl><dt><code>200</code></dt><dd><p>OK</p><details><summary>application/json</summary>' +
        '<p><a href="#schema-Item">Item</a></p><pre><code>{\n  &quot;sku&quot;: &quot;A B&quot;\n}</code></pre></details></dd>' +
        '<dt><code>404</code></dt><dd><p><code>not_found</code>: it never was.</p></dd></dl></article>',
    );
  });

  test('shows a route that is open to everybody, and one for operators with a body that may be left out', () => {
    expect(part('<article id="health">', '</article>')).toBe(
      '<article id="health"><h3><code><b>GET</b> /health</code></h3><p>Whether it lives. Open to everybody.</p>' +
        '<h4>Try it</h4><pre><code>curl &quot;$STOCKADE_URL/health&quot;</code></pre>' +
        '<h4>Answers</h4><dl><dt><code>204</code></dt><dd><p>Done.</p></dd></dl></article>',
    );
    expect(part('<article id="x">', '</article>')).toContain(
      '<h4>Body (optional)</h4><p>string</p><h4>Try it</h4><pre><code>' +
        'curl -X POST &quot;$STOCKADE_URL/platform/x/slug&quot; \\\n  -H &quot;x-operator-key: $OPERATOR_KEY&quot;</code></pre>' +
        '<h4>Answers</h4><dl><dt><code>200</code></dt><dd><p>OK</p><details><summary>application/json</summary>' +
        '<p>string</p></details></dd></dl>',
    );
    expect(part('<article id="x">', '</article>')).toContain('<p>Does x. For operators.</p>');
  });

  test('ends with what the names mean', () => {
    expect(part('<section id="schemas">', '</html>')).toBe(
      '<section id="schemas"><h2>schemas</h2><article id="schema-Item"><h3>Item</h3><p>A thing.</p><p>string</p>' +
        '</article></section></main></body></html>',
    );
  });
});
