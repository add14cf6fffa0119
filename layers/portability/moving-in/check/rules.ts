import type { CodeLine } from './code-map.ts';
import type { Inventory } from './inventory.ts';
import type { RowRule, SetRule } from './rule.ts';
import { aliasCollision, codeCollision, codeForm, mapUnknown } from './rules/codes.ts';
import {
  dependentKey,
  dependentObject,
  dependentView,
  encoding,
  foreignTrigger,
  inheritingTable,
  keyName,
  takenColumn,
  takenName,
  unknownColumn,
} from './rules/database.ts';
import { instants } from './rules/instants.ts';
import { crossing, missingTarget } from './rules/links.ts';
import { balanceDigits, kind, movementId, quantity, recordedAt, reference } from './rules/movements.ts';
import { email, locationKind, names, userName } from './rules/texts.ts';

/** Writes a list of texts as SQL. */
type AsArray = (list: readonly string[]) => string;

/** The rules about single rows. */
export function rowRules({ newestId }: Inventory, codes: readonly CodeLine[], asArray: AsArray): RowRule[] {
  const mapped = (table: CodeLine['table']) =>
    asArray(codes.filter((line) => line.table === table).map(({ code }) => code));
  return [
    ...codeForm(mapped),
    ...names,
    locationKind,
    userName,
    email,
    ...instants,
    movementId(newestId),
    quantity,
    kind,
    reference,
    recordedAt,
  ];
}

/** The rules about rows together, and about the database. */
export function setRules(codes: readonly CodeLine[], asArray: AsArray): SetRule[] {
  const lines = [
    asArray(codes.map(({ table }) => table)),
    asArray(codes.map(({ code }) => code)),
    asArray(codes.map(({ line }) => String(line))),
  ].join(', ');
  return [
    encoding,
    dependentKey,
    dependentView,
    unknownColumn,
    takenColumn,
    takenName,
    foreignTrigger,
    inheritingTable,
    dependentObject,
    keyName,
    mapUnknown(lines),
    codeCollision,
    aliasCollision,
    missingTarget,
    crossing,
    balanceDigits,
  ];
}
