--! needs tenancy/context
--! needs 000022_seals
-- The seal boundary: writers share a lock, and the sealer takes it alone for the instant in which it draws the boundary.

create or replace function inventory.refuse_sealed()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  -- The boundary stays where it is until this transaction ends. The signature of the context is not verified here, because
  -- every posting pays for it: with a forged context a session holds the wrong lock, and the wall refuses its rows.
  -- An assignment needs no executor, which PERFORM would start. Within the query below, the lock would be taken after its
  -- snapshot.
  v_held constant text := pg_advisory_xact_lock_shared(
    hashtextextended(split_part(current_setting('stockade.context', true), '|', 2), 7325)
  );
begin
  -- An older snapshot would show an older boundary.
  if current_setting('transaction_isolation') <> 'read committed' or exists (
    select
    from inventory.seal_boundaries b
    join added a on a.entry_id <= b.boundary or a.recorded_at <= b.settled_through
    where b.org_id = nullif(split_part(current_setting('stockade.context', true), '|', 2), '')::uuid
  ) then
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'movements are written in a read committed transaction, which sees where the ledger is sealed'
        using errcode = '25001';
    end if;
    raise exception 'the ledger was sealed while this entry was posted'
      using errcode = '40001', hint = 'Post it again: it gets a new id and a new time.';
  end if;
  return null;
end
$$;

comment on function inventory.refuse_sealed is
  'Keeps the seal boundary of the organization where it is until this transaction ends, together with other '
  'writers, and refuses movements before it: the boundary was drawn after their id or time, or the clock has gone '
  'back. Raises 40001, on which the caller posts again; 25001 in a transaction that is not read committed.';

create or replace function inventory.draw_seal_boundary()
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
-- Writers that come in the meantime queue behind the sealer.
set lock_timeout = '25ms'
as $$
declare
  v_org_id constant uuid := tenancy.require_scope('write');
  -- A posting that has been under way for longer than this when a boundary is drawn is refused.
  v_longest_posting constant interval := '1 minute';
  v_newest uuid;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'a boundary is drawn in a read committed transaction, which sees what was committed before it'
      using errcode = '25001';
  end if;
  -- First of all, so that no sealer waits for another one while the writers wait for it.
  perform from inventory.seal_boundaries where org_id = v_org_id for update;
  perform pg_advisory_xact_lock(hashtextextended(v_org_id::text, 7325));
  select id into v_newest from inventory.entries where org_id = v_org_id order by id desc limit 1;
  if v_newest is null then
    return null;
  end if;
  insert into inventory.seal_boundaries as b (org_id, boundary, settled_through)
  values (v_org_id, v_newest, clock_timestamp() - v_longest_posting)
  on conflict (org_id) do update
    set boundary = greatest(b.boundary, excluded.boundary),
        settled_through = greatest(b.settled_through, excluded.settled_through)
  returning b.boundary into v_newest;
  -- The writers wait for this commit, so it does not wait for the disk. A seal is committed after it, to the same log.
  perform set_config('synchronous_commit', 'off', true);
  return v_newest;
end
$$;

comment on function inventory.draw_seal_boundary is
  'Closes the ledger of the organization that was entered up to its newest entry, and returns that entry; null '
  'when there is none. To be committed at once, in a transaction of its own: writers wait for it. Raises 55P03 '
  'when writers were not done within 25 ms (try again), SK902 when no organization was entered, SK104 when the '
  'caller may not write, 25001 in a transaction that is not read committed.';
grant execute on function inventory.draw_seal_boundary to stockade_jobs;
