/** A refusal as the model expects it; what it says to people is left to the tests of each route. */
export class Refused extends Error {
  readonly answer: Expected;

  constructor(
    status: number,
    code: string,
    more: { fields?: readonly string[]; lines?: readonly object[] } = {},
  ) {
    super(code);
    this.answer = {
      status,
      refused: { code, fields: more.fields && [...more.fields].sort(), lines: more.lines },
    };
  }
}

/** What the model says that a request is answered with: a body, compared whole, or a refusal. */
export interface Expected {
  readonly status: number;
  readonly body?: unknown;
  readonly refused?: {
    readonly code: string;
    /** The fields that are named as wrong, sorted. */
    readonly fields: readonly string[] | undefined;
    /** The lines of a refusal about stock. */
    readonly lines: readonly object[] | undefined;
  };
  /** Whether it is the stored answer of an earlier request. */
  readonly replayed?: boolean;
}

export const notFound = () => new Refused(404, 'not_found');
export const invalid = (...fields: readonly string[]) => new Refused(400, 'invalid_input', { fields });
