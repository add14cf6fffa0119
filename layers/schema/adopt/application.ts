/** The schema of another application, as its catalogue describes it. Names are as SQL writes them, quoted where they must be. */
export interface Application {
  readonly database: string;
  /** Of the server, such as 180001. */
  readonly version: number;
  /** The user that the catalogue was read as. */
  readonly reader: string;
  readonly databaseOwner: string;
  readonly schemas: readonly Owned[];
  readonly tables: readonly Table[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly views: readonly View[];
  readonly routines: readonly Owned[];
  readonly types: readonly OwnedType[];
  /** The sequences that belong to no column. */
  readonly sequences: readonly Owned[];
  readonly roles: readonly Role[];
}

export interface Owned {
  readonly name: string;
  readonly owner: string;
}

export interface OwnedType extends Owned {
  readonly isDomain: boolean;
}

export interface Role {
  /** As the catalogue stores it. */
  readonly name: string;
  readonly sql: string;
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  /** Whether the reader of the catalogue has its rights. */
  readonly isReaders: boolean;
  /** Attributes that a login behind the wall may not have, such as bypassrls. */
  readonly attributes: readonly string[];
  /** What its sessions begin with in this database; null when nothing is set. */
  readonly searchPath: string | null;
}

/** A privilege on a table or a view. */
export interface Grant {
  /** The role, or `public`. */
  readonly grantee: string;
  readonly privileges: readonly string[];
}

export interface View extends Owned {
  readonly isMaterialized: boolean;
  readonly isInvoker: boolean;
  readonly grants: readonly Grant[];
}

export interface Table {
  readonly oid: string;
  /** With its schema. */
  readonly name: string;
  /** As the catalogue stores them. */
  readonly schema: string;
  readonly plainName: string;
  readonly owner: string;
  readonly comment: string | null;
  /** An estimate; -1 when nothing was counted yet. */
  readonly rows: number;
  /** r: a table, p: partitioned, f: foreign. */
  readonly kind: 'r' | 'p' | 'f';
  readonly isPartition: boolean;
  readonly isTyped: boolean;
  readonly inherits: boolean;
  readonly hasRules: boolean;
  readonly rowSecurity: boolean;
  readonly rowSecurityForced: boolean;
  /** The extension that created it. */
  readonly extension: string | null;
  readonly columns: readonly Column[];
  readonly indexes: readonly Index[];
  readonly policies: readonly Policy[];
  /** Triggers of the application that fire when any column of a row is updated. */
  readonly updateTriggers: readonly string[];
  /** The names of its constraints and of its triggers. */
  readonly constraints: readonly string[];
  readonly triggers: readonly string[];
  /** Its statistics over several columns or of expressions, with their schema. */
  readonly statistics: readonly string[];
  /** The sequences of its serial columns. */
  readonly sequences: readonly string[];
  readonly grants: readonly Grant[];
}

export interface Column {
  readonly name: string;
  readonly plainName: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Computed when it is read: no statistics are kept of it. */
  readonly isVirtual: boolean;
}

export interface Index {
  /** With its schema. */
  readonly name: string;
  /** Without. */
  readonly plainName: string;
  readonly schema: string;
  readonly method: string;
  readonly isUnique: boolean;
  readonly isPrimary: boolean;
  readonly isExclusion: boolean;
  readonly isValid: boolean;
  readonly isReplicaIdentity: boolean;
  readonly withoutOverlaps: boolean;
  /** Whether it sorts and compares each column as a primary key does: ascending, by the default operators and collation. */
  readonly sortsAsKey: boolean;
  /** What stands before the columns and what follows: `create … (` and the rest. */
  readonly definition: string;
  /** The columns by name; null when one is an expression. */
  readonly columns: readonly string[] | null;
  /** The numbers of the columns that are expressions. */
  readonly expressions: readonly number[];
  readonly isPartial: boolean;
  /** Its constraint, if it has one. */
  readonly constraint: { readonly deferrable: boolean; readonly deferred: boolean } | null;
}

export interface Policy {
  readonly name: string;
  readonly isPermissive: boolean;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

export interface ForeignKey {
  /** Without a schema, as SQL writes it. */
  readonly name: string;
  /** The tables by name. */
  readonly child: string;
  readonly parent: string;
  readonly childColumns: readonly string[];
  readonly parentColumns: readonly string[];
  /** False when one of the child's columns may be null. */
  readonly isRequired: boolean;
  readonly onUpdate: string;
  readonly onDelete: string;
  /** The columns that `on delete set null (…)` names; empty for all. */
  readonly onDeleteColumns: readonly string[];
  readonly match: 'simple' | 'full' | 'partial';
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly isEnforced: boolean;
  /** Whether the rows that were there before it were checked. */
  readonly isValidated: boolean;
  readonly isPeriod: boolean;
  /** As Postgres writes it. */
  readonly definition: string;
}
