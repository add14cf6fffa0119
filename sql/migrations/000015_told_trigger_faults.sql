-- A trigger that is broken is found by every tick of the job. People are told at once, and then once a day.

create table inventory.told_trigger_faults (
  only_row boolean primary key default true check (only_row),
  -- [{trigger, fault}]: what people know of; empty while every trigger is as it must be.
  faults jsonb not null default '[]' check (jsonb_typeof(faults) = 'array'),
  told_at timestamptz(3) not null default '-infinity'
);

comment on table inventory.told_trigger_faults is
  'Platform data: which faults of the ledger''s triggers people were told of, and when.';

create function inventory.tell_trigger_faults(p_faults jsonb, p_again_after interval)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_told inventory.told_trigger_faults;
begin
  insert into inventory.told_trigger_faults default values on conflict (only_row) do nothing;
  -- Whoever tells holds the row until that is done. Of several at once one tells; when it could not, the next one does.
  select * into v_told from inventory.told_trigger_faults for update skip locked;
  if not found then
    return false;
  end if;
  -- A fault that is new is told with all that there are. One that was put right is forgotten, and new when it comes again.
  if p_faults <@ v_told.faults and (p_faults = '[]' or v_told.told_at > clock_timestamp() - p_again_after) then
    update inventory.told_trigger_faults set faults = p_faults where faults <> p_faults;
    return false;
  end if;
  update inventory.told_trigger_faults set faults = p_faults, told_at = clock_timestamp();
  return true;
end
$$;

comment on function inventory.tell_trigger_faults(jsonb, interval) is
  'Whether people are to be told now of the faults [{trigger, fault}] of the ledger''s triggers: one of them is new, or they '
  'were told p_again_after ago. Tell within the transaction that asks: what it rolls back was not told.';

grant execute on function inventory.tell_trigger_faults(jsonb, interval) to stockade_jobs;
