import type * as z from 'zod';
import type { ProblemCode } from './problems.ts';

/** What a reader needs to know about a route beyond its schemas. */
export interface RouteDocumentation {
  /** The name of the operation in generated clients, such as `createItem`. */
  readonly id: string;
  /** One line: what it does. */
  readonly summary: string;
  /** Further explanation, in Markdown. */
  readonly description?: string;
  /** The answer of a success: JSON of this shape, a page, or nothing (204) when absent. */
  readonly answer?: z.ZodType | 'text/html';
  /** The statuses of a success, when they follow from the answer. Otherwise the operation names the one status. */
  readonly statuses?: readonly number[];
  /** The refusals of this route, beyond those that every route of its kind has. */
  readonly problems?: readonly ProblemCode[];
  readonly example?: {
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly answer?: unknown;
  };
}

/** Names, descriptions and examples of schemas. One that has an `id` is shown once and referred to by that name. */
export type Vocabulary = z.core.$ZodRegistry<{
  readonly id?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  /** Characters, where a rule of its own counts them. */
  readonly maxLength?: number;
}>;

/** Everything about the API that is written by hand. */
export interface Documentation {
  readonly title: string;
  readonly version: string;
  /** In Markdown. */
  readonly description: string;
  /** The entries of the route table, in the order in which they should be read. */
  readonly tags: Readonly<Record<string, string>>;
  /** By route key. */
  readonly routes: Readonly<Record<string, RouteDocumentation>>;
  readonly vocabulary: Vocabulary;
}
