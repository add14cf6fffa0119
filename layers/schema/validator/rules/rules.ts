import { disableTrigger } from './access/disable-trigger.ts';
import { grantToPublic } from './access/grant-to-public.ts';
import { policyDropped } from './access/policy-dropped.ts';
import { rolePastPolicies } from './access/role-past-policies.ts';
import { rowSecurityOff } from './access/row-security-off.ts';
import { rowSecurityOn } from './access/row-security-on.ts';
import { charType } from './columns/char-type.ts';
import { columnDefaultRewrites } from './columns/column-default-rewrites.ts';
import { columnTypeRewrites } from './columns/column-type-rewrites.ts';
import { domainConstraint } from './columns/domain-constraint.ts';
import { enumValueOrder } from './columns/enum-value-order.ts';
import { identifierTooLong } from './columns/identifier-too-long.ts';
import { integerKey } from './columns/integer-key.ts';
import { jsonColumn } from './columns/json-column.ts';
import { requiredColumn } from './columns/required-column.ts';
import { serialColumn } from './columns/serial-column.ts';
import { tableWithoutSchema } from './columns/table-without-schema.ts';
import { timestampWithoutZone } from './columns/timestamp-without-zone.ts';
import { varcharLimit } from './columns/varchar-limit.ts';
import { dropCascade } from './compatibility/drop-cascade.ts';
import { dropColumn } from './compatibility/drop-column.ts';
import { dropDatabase } from './compatibility/drop-database.ts';
import { dropDefault } from './compatibility/drop-default.ts';
import { dropKey } from './compatibility/drop-key.ts';
import { dropNotNull } from './compatibility/drop-not-null.ts';
import { dropObject } from './compatibility/drop-object.ts';
import { dropTable } from './compatibility/drop-table.ts';
import { dropTrigger } from './compatibility/drop-trigger.ts';
import { privilegeRevoked } from './compatibility/privilege-revoked.ts';
import { renameColumn } from './compatibility/rename-column.ts';
import { renameEnumValue } from './compatibility/rename-enum-value.ts';
import { renameSchema } from './compatibility/rename-schema.ts';
import { renameTable } from './compatibility/rename-table.ts';
import { renameType } from './compatibility/rename-type.ts';
import { truncateTable } from './compatibility/truncate-table.ts';
import { backfillInOneTransaction } from './data/backfill-in-one-transaction.ts';
import { sequenceSetBack } from './data/sequence-set-back.ts';
import { wholeTableWrite } from './data/whole-table-write.ts';
import { constraintScans } from './locks/constraint-scans.ts';
import { exclusionConstraint } from './locks/exclusion-constraint.ts';
import { indexDropNotConcurrent } from './locks/index-drop-not-concurrent.ts';
import { indexNotConcurrent } from './locks/index-not-concurrent.ts';
import { lockTable } from './locks/lock-table.ts';
import { partitionAttachScans } from './locks/partition-attach-scans.ts';
import { partitionDetachNotConcurrent } from './locks/partition-detach-not-concurrent.ts';
import { refreshNotConcurrent } from './locks/refresh-not-concurrent.ts';
import { reindexNotConcurrent } from './locks/reindex-not-concurrent.ts';
import { setNotNullScans } from './locks/set-not-null-scans.ts';
import { tableRewrite } from './locks/table-rewrite.ts';
import { triggerOnTable } from './locks/trigger-on-table.ts';
import { uniqueConstraint } from './locks/unique-constraint.ts';
import type { Rule } from './rule.ts';
import { budgetOfConcurrentBuild } from './transactions/budget-of-concurrent-build.ts';
import { concurrentlyInTransaction } from './transactions/concurrently-in-transaction.ts';
import { doBlock } from './transactions/do-block.ts';
import { lockBudget } from './transactions/lock-budget.ts';
import { notRepeatable } from './transactions/not-repeatable.ts';
import { severalTablesLocked } from './transactions/several-tables-locked.ts';
import { transactionControl } from './transactions/transaction-control.ts';
import { transactionLeftOpen } from './transactions/transaction-left-open.ts';
import { workUnderLock } from './transactions/work-under-lock.ts';

/** The rules, by theme. */
export const rules: readonly Rule[] = [
  constraintScans,
  exclusionConstraint,
  indexDropNotConcurrent,
  indexNotConcurrent,
  lockTable,
  partitionAttachScans,
  partitionDetachNotConcurrent,
  refreshNotConcurrent,
  reindexNotConcurrent,
  setNotNullScans,
  tableRewrite,
  triggerOnTable,
  uniqueConstraint,
  budgetOfConcurrentBuild,
  concurrentlyInTransaction,
  doBlock,
  lockBudget,
  notRepeatable,
  severalTablesLocked,
  transactionControl,
  transactionLeftOpen,
  workUnderLock,
  backfillInOneTransaction,
  sequenceSetBack,
  wholeTableWrite,
  charType,
  columnDefaultRewrites,
  columnTypeRewrites,
  domainConstraint,
  enumValueOrder,
  identifierTooLong,
  integerKey,
  jsonColumn,
  requiredColumn,
  serialColumn,
  tableWithoutSchema,
  timestampWithoutZone,
  varcharLimit,
  dropCascade,
  dropColumn,
  dropDatabase,
  dropDefault,
  dropKey,
  dropNotNull,
  dropObject,
  dropTable,
  dropTrigger,
  privilegeRevoked,
  renameColumn,
  renameEnumValue,
  renameSchema,
  renameTable,
  renameType,
  truncateTable,
  disableTrigger,
  grantToPublic,
  policyDropped,
  rolePastPolicies,
  rowSecurityOff,
  rowSecurityOn,
];
