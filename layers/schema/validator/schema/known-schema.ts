/** What is known of a column. */
export interface KnownColumn {
  readonly name: string;
  /** As `typeText` writes it; undefined when only the name is known. */
  readonly type: string | undefined;
  readonly isNotNull: boolean;
}

/** What is known of a constraint. */
export interface KnownConstraint {
  readonly name: string;
  readonly kind: 'check' | 'foreign key' | 'primary key' | 'unique' | 'exclusion' | 'not null';
  readonly columns: readonly string[];
  readonly isValid: boolean;
  /** Of a foreign key: the table it points at. */
  readonly references?: string | undefined;
  /** Of a check that says no more than `column is not null`: the column. */
  readonly provesNotNull?: string | undefined;
}

/** What is known of a table; nothing at all when no file before has created it. */
export interface KnownTable {
  readonly name: string;
  readonly columns: Map<string, KnownColumn>;
  readonly constraints: Map<string, KnownConstraint>;
  /** The tables that are parts of it: partitions and children. */
  readonly children: Set<string>;
  /** The partition that takes the rows of no other. */
  defaultPartition?: string;
}

/** An index, and the table it is on. */
export interface KnownIndex {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly isUnique: boolean;
}

/** The volatility of a function as `create function` says it; without a word, Postgres takes it for volatile. */
export type Volatility = 'volatile' | 'stable' | 'immutable';

/**
 * The schema as far as it is known: from the files that were read before, or from the catalogue of a database. A table that
 * nobody has described may exist all the same.
 */
export class KnownSchema {
  readonly tables = new Map<string, KnownTable>();
  readonly indexes = new Map<string, KnownIndex>();
  readonly functions = new Map<string, Volatility>();
  /** Domains, by name; true when one has a constraint. */
  readonly domains = new Map<string, boolean>();
  /** Views and materialized views. */
  readonly views = new Set<string>();

  table(name: string): KnownTable | undefined {
    return this.tables.get(name);
  }

  column(table: string, column: string): KnownColumn | undefined {
    return this.tables.get(table)?.columns.get(column);
  }

  addTable(name: string): KnownTable {
    const table: KnownTable = {
      name,
      columns: new Map(),
      constraints: new Map(),
      children: new Set(),
    };
    this.tables.set(name, table);
    return table;
  }

  /** The table, described or not: what a file says of it from here on is kept. */
  ensureTable(name: string): KnownTable {
    return this.tables.get(name) ?? this.addTable(name);
  }

  dropTable(name: string): void {
    this.tables.delete(name);
    for (const [index, { table }] of this.indexes) if (table === name) this.indexes.delete(index);
    for (const { children } of this.tables.values()) children.delete(name);
  }

  renameTable(from: string, to: string): void {
    const table = this.tables.get(from);
    if (table) {
      this.tables.delete(from);
      this.tables.set(to, { ...table, name: to });
    }
    for (const [name, index] of this.indexes) {
      if (index.table !== from) continue;
      this.indexes.delete(name);
      const moved = `${to.split('.')[0]}.${name.split('.')[1]}`;
      this.indexes.set(moved, { ...index, name: moved, table: to });
    }
    for (const { children, constraints } of this.tables.values()) {
      if (children.delete(from)) children.add(to);
      for (const [name, constraint] of constraints) {
        if (constraint.references === from) constraints.set(name, { ...constraint, references: to });
      }
    }
  }

  setColumn(table: string, column: KnownColumn): void {
    this.ensureTable(table).columns.set(column.name, column);
  }

  /** The tables whose foreign keys point at this one. */
  referencing(table: string): string[] {
    return [...this.tables.values()]
      .filter(({ constraints }) => [...constraints.values()].some(({ references }) => references === table))
      .map(({ name }) => name);
  }

  /** Whether a validated check says that the column holds no null, so that SET NOT NULL need not look. */
  provesNotNull(table: string, column: string): boolean {
    const constraints = this.tables.get(table)?.constraints.values() ?? [];
    return [...constraints].some(
      ({ provesNotNull, isValid, kind, columns }) =>
        isValid && (provesNotNull === column || (kind === 'not null' && columns.includes(column))),
    );
  }

  /** The tables that have a column of this domain. */
  usingType(type: string): string[] {
    const [, bare = type] = type.split('.');
    return [...this.tables.values()]
      .filter(({ columns }) => [...columns.values()].some((each) => each.type === type || each.type === bare))
      .map(({ name }) => name);
  }
}
