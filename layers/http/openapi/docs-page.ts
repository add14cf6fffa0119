import { createHash } from 'node:crypto';
import type { OpenPage } from '../endpoints/open-pages.ts';
import type { OpenApiDocument } from './document.ts';
import { html, inline, type Markup, markdown } from './markup.ts';
import { schemaView, typeOf } from './schema-view.ts';
import type { JsonSchema } from './schemas.ts';
import { stylesheet } from './stylesheet.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly example?: string;
}

interface Content {
  readonly schema: JsonSchema;
  readonly example?: unknown;
}

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer | Reference>>;
}

interface Reference {
  readonly $ref: string;
}

/** The parts of the document that the page shows. */
interface Shown {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Shows the document as one page without scripts, fonts or anything else from elsewhere. */
export function docsPage(document: OpenApiDocument): OpenPage {
  const shown = document as unknown as Shown;
  const routes = Object.entries(shown.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const styleHash = createHash('sha256').update(stylesheet.text).digest('base64');
  return {
    contentType: 'text/html',
    body: page(shown, routes).text,
    headers: {
      'content-security-policy':
        `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; ` +
        "frame-ancestors 'none'",
    },
  };
}

function page(shown: Shown, routes: readonly Route[]): Markup {
  const { info, tags, components } = shown;
  const ofTag = (tag: string) => routes.filter(({ operation }) => operation.tags.includes(tag));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} ${info.version}: the API</title>
<style>${stylesheet}</style>
</head>
<body>
<nav aria-label="Routes">
<p><strong>${info.title}</strong> ${info.version}<br><a href="/openapi.json">openapi.json</a></p>
${tags.map(
  ({ name }) => html`<p>${name}</p>
<ul>${ofTag(name).map(({ method, path, operation }) => html`<li><a href="#${operation.operationId}">${method} ${path}</a></li>`)}</ul>`,
)}
<p><a href="#schemas">schemas</a></p>
</nav>
<main>
<h1>${info.title}</h1>
${markdown(info.description)}
${tags.map(
  ({ name, description }) => html`<section>
<h2>${name}</h2>
<p>${description}</p>
${ofTag(name).map((route) => operationView(route, followIn(shown)))}
</section>`,
)}
<section id="schemas">
<h2>schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<article id="schema-${name}">
<h3>${name}</h3>
${markdown(schema.description as string | undefined)}
${schemaView({ ...schema, description: undefined })}
</article>`,
)}
</section>
</main>
</body>
</html>
`;
}

/** Follows a reference into the components. */
type Follow = <Target>(target: Target | Reference) => Target;

function followIn(shown: Shown): Follow {
  return <Target>(target: Target | Reference) => {
    if (typeof target !== 'object' || target === null || !('$ref' in target)) return target as Target;
    let found: unknown = shown;
    for (const name of target.$ref.split('/').slice(1)) found = (found as Record<string, unknown>)[name];
    return found as Target;
  };
}

function operationView({ method, path, operation }: Route, follow: Follow): Markup {
  const parameters = (operation.parameters ?? []).map((parameter) => follow<Parameter>(parameter));
  const body = operation.requestBody?.content['application/json'];
  return html`<article id="${operation.operationId}">
<h3><code><b>${method}</b> ${path}</code></h3>
<p>${inline(operation.summary)}. ${accessOf(operation)}</p>
${markdown(operation.description)}
${
  parameters.length > 0 &&
  html`<h4>Parameters</h4>
<table><tbody>${parameters.map(
    (parameter) => html`<tr>
<th scope="row"><code>${parameter.name}</code> <small>${parameter.in}${!parameter.required && ', optional'}</small></th>
<td>${typeOf(parameter.schema)}${parameter.description !== undefined && html`<br><small>${inline(parameter.description)}</small>`}</td>
</tr>`,
  )}</tbody></table>`
}
${body && html`<h4>Body${!operation.requestBody?.required && ' (optional)'}</h4>${schemaView(body.schema)}`}
<h4>Try it</h4>
<pre><code>${curl(method, path, parameters, operation, body?.example)}</code></pre>
<h4>Answers</h4>
<dl>${Object.entries(operation.responses).map(([status, answer]) => answerView(status, follow(answer)))}</dl>
</article>`;
}

function accessOf({ security }: Operation): Markup {
  const [first] = security;
  if (!first) return html`Open to everybody.`;
  if ('iam' in first) return html`For operators.`;
  return html`Needs the scope <code>${Object.values(first).flat().join(', ')}</code>.`;
}

function answerView(status: string, { description, content = {} }: Answer): Markup {
  const [[type, shown] = []] = Object.entries(content);
  const isProblem = type === 'application/problem+json';
  return html`<dt><code>${status}</code></dt>
<dd>${markdown(description)}${
    shown &&
    !isProblem &&
    html`<details><summary>${type}</summary>${schemaView(shown.schema)}${
      shown.example !== undefined && html`<pre><code>${JSON.stringify(shown.example, null, 2)}</code></pre>`
    }</details>`
  }</dd>`;
}

/** A command that can be pasted once the server and the credential are filled in. */
function curl(
  method: string,
  path: string,
  parameters: readonly Parameter[],
  { security }: Operation,
  body: unknown,
): string {
  const exampleOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.example;
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(exampleOf(name) ?? name));
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.example !== undefined);
  const search = new URLSearchParams(
    query.map(({ name, example = '' }): [string, string] => [name, example]),
  );
  const [first] = security;
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`} "$STOCKADE_URL${filled}${query.length > 0 ? `?${search}` : ''}"`,
    first && ('iam' in first ? `-H "x-operator-key: $OPERATOR_KEY"` : `-H "authorization: Bearer $API_KEY"`),
    body !== undefined &&
      `-H "content-type: application/json" \\\n  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`,
  ]
    .filter(Boolean)
    .join(' \\\n  ');
}
