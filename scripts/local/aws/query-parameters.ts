/** The parameters of AWS's Query protocol, where a name such as `Tags.entry.1.Value` is a place in a structure. */
export class QueryParameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Iterable<readonly [string, string]>) {
    this.#values = new Map(values);
  }

  /** The value at a place; with no name, the value of this place itself. */
  text(name = ''): string | undefined {
    return this.#values.get(name);
  }

  /** What is at and below a place. */
  below(name: string): QueryParameters {
    const prefix = `${name}.`;
    return new QueryParameters(
      [...this.#values]
        .filter(([each]) => each === name || each.startsWith(prefix))
        .map(([each, value]) => [each.slice(prefix.length), value] as const),
    );
  }

  /** The members of a list, in order: `name.member.1`, `name.member.2`, … */
  list(name: string, kind = 'member'): QueryParameters[] {
    const members: QueryParameters[] = [];
    for (;;) {
      const member = this.below(`${name}.${kind}.${members.length + 1}`);
      if (member.isEmpty) return members;
      members.push(member);
    }
  }

  /** A map: `name.entry.1.<key>` and `name.entry.1.<value>`, … */
  map(name: string, keyName: string, valueName: string): Map<string, QueryParameters> {
    return new Map(
      this.list(name, 'entry').map((entry) => [entry.text(keyName) ?? '', entry.below(valueName)] as const),
    );
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }
}
