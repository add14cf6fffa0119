import type { Client } from 'pg';
import type { LoginRole } from '#scripts/local/logins.ts';

/**
 * The privileges of each login role, by name. Every other privilege is a fault: when a migration adds a grant, think about
 * it and add it here too.
 */
interface Allowed {
  /** Table -> verbs. A verb with `(columns)` is granted for some of the columns only. */
  readonly tables: Readonly<Record<string, string>>;
  /** Functions of the schema, by name. */
  readonly tenancy: string;
  readonly inventory: string;
  readonly recovery: string;
}

const allowed: Readonly<Record<LoginRole, Allowed>> = {
  stockade_api: {
    tables: {
      'tenancy.drop_owned_guard': 'select(columns)',
    },
    tenancy: `assert_can_write create_api_key current_org enter_with_key enter_with_pass entered_organization list_api_keys list_members
      note_key_use record_mismatch revoke_api_key rotate_api_key`,
    inventory: `claim_idempotency_key commit_reservation create_item create_location delete_item delete_location extend_reservation get_entry
      get_item get_location get_reservation item_balances item_balances_then list_balances list_balances_then list_items list_locations
      list_movements list_reconciliations list_reservations list_seals movement_in_seal post_entries post_entry release_reservation
      remember_response reserve reverse_entry update_item update_location`,
    recovery: '',
  },
  stockade_jobs: {
    tables: {
      'inventory.balance_backfills': 'select',
      'inventory.balances': 'select',
      'inventory.discrepancies': 'select',
      'inventory.entries': 'select',
      'inventory.import_rejects': 'select',
      'inventory.imports': 'select',
      'inventory.item_aliases': 'select',
      'inventory.items': 'select',
      'inventory.location_aliases': 'select',
      'inventory.locations': 'select',
      'inventory.movements': 'select',
      'inventory.reconciliation_runs': 'select',
      'inventory.reconciliation_state': 'select',
      'inventory.reservation_entries': 'select',
      'inventory.reservation_lines': 'select',
      'inventory.reservations': 'select',
      'inventory.seal_anchors': 'select',
      'inventory.seal_boundaries': 'select',
      'inventory.seal_closings': 'select',
      'inventory.seal_pages': 'select',
      'inventory.seals': 'select',
      'tenancy.organizations': 'select',
      'tenancy.drop_owned_guard': 'select(columns)',
      'tenancy.security_events': 'select',
    },
    tenancy: `active_organizations appearance begin_export current_actor current_org enter_as_job forget_security_events known_organizations
      open_export portable_schema require_scope`,
    inventory: `backfill_balances begin_backfill begin_reconciliation correct_balance count_expired_reservations
      count_forgettable create_item create_location draw_seal_boundary end_backfill expire_reservations finish_reconciliation forget_idempotency_keys held_quantities import_batch
      is_instant iso lease_reconciliation ledger_triggers note_seal_anchor post_entry reconciliation_lag record_reconciliation
      seal_json seal_next settle_discrepancies tell_reconciliation_failures tell_trigger_faults trigger_history unseen_changes`,
    recovery: `alert_probes beat begin_alert_probe claim_checks list_checks newest_heartbeat note_alert_probe
      note_alert_received note_alerted note_checks`,
  },
  stockade_admin: {
    tables: {
      'tenancy.api_keys': 'select(columns) insert update(columns)',
      'recovery.restorations': 'select',
      'tenancy.drop_owned_guard': 'select(columns)',
      'tenancy.erasures': 'select',
      'tenancy.memberships': 'select insert update(columns)',
      'tenancy.organizations': 'select insert update(columns)',
      'tenancy.users': 'select(columns) insert(columns)',
    },
    tenancy: `appearance begin_import current_org drop_pass_key erase_organization finish_import import_rows import_users is_email
      portable_schema rotate_context_key set_pass_key`,
    inventory: 'invisible_characters is_instant is_metadata is_visible iso new_id',
    recovery: 'list_checks note_restoration observe_others',
  },
};

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** The privileges that a role has and should not have, and the other way round. */
export async function probePrivileges(client: Client): Promise<string[]> {
  const faults: string[] = [];
  for (const [role, { tables, tenancy, inventory, recovery }] of Object.entries(allowed)) {
    const granted = await grantedTo(client, role);
    const wanted = new Set([
      ...Object.entries(tables).flatMap(([table, verbs]) => words(verbs).map((verb) => `${verb} ${table}`)),
      ...words(tenancy).map((name) => `execute tenancy.${name}`),
      ...words(inventory).map((name) => `execute inventory.${name}`),
      ...words(recovery).map((name) => `execute recovery.${name}`),
    ]);
    for (const each of granted) if (!wanted.has(each)) faults.push(`${role} may ${each}`);
    for (const each of wanted) if (!granted.has(each)) faults.push(`${role} may not ${each}`);
  }
  return faults;
}

async function grantedTo(client: Client, role: string): Promise<Set<string>> {
  const { rows } = await client.query<{ privilege: string }>(
    `with ours as (
       select oid, nspname from pg_namespace where nspname !~ '^pg_|^information_schema$'
     )
     select verb || case when has_table_privilege($1, c.oid, verb) then '' else '(columns)' end
       || format(' %I.%I', ours.nspname, c.relname) as privilege
     from pg_class c
     join ours on ours.oid = c.relnamespace
     cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as verb
     where c.relkind in ('r', 'p', 'v', 'm', 'f')
       and (
         has_table_privilege($1, c.oid, verb)
         or (verb in ('select', 'insert', 'update', 'references') and has_any_column_privilege($1, c.oid, verb))
       )
     union all
     select format('%s %I.%I', verb, ours.nspname, c.relname)
     from pg_class c
     join ours on ours.oid = c.relnamespace
     cross join unnest(array['select', 'update', 'usage']) as verb
     where c.relkind = 'S' and has_sequence_privilege($1, c.oid, verb)
     union all
     select distinct format('execute %I.%I', ours.nspname, p.proname)
     from pg_proc p
     join ours on ours.oid = p.pronamespace
     where has_function_privilege($1, p.oid, 'execute')
     union all
     select 'create in schema ' || nspname from pg_namespace where has_schema_privilege($1, oid, 'create')
     union all
     select verb || ' in the database'
     from unnest(array['create', 'temporary']) as verb
     where has_database_privilege($1, current_database(), verb)
     union all
     select 'become ' || rolname from pg_roles where pg_has_role($1, oid, 'member') and rolname <> $1 and rolname <> 'rds_iam'
     union all
     select 'be more than a login' from pg_roles
     where rolname = $1 and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`,
    [role],
  );
  return new Set(rows.map(({ privilege }) => privilege));
}
