--! needs 000031_reservations
--! role stockade_ledger
-- What has expired. These functions belong to stockade_ledger: see the policies post_ledger.
--
-- Those who call them have no search path, so these need no SET clause, which would only cost time.

create or replace function inventory.expired_holds(
  p_org_id uuid,
  p_item_id uuid,
  p_location_id uuid,
  p_lot text,
  p_at timestamptz
)
returns numeric
language plpgsql
stable
as $$
begin
  return (
    select coalesce(sum(l.held), 0)
    from inventory.reservation_lines l
    where l.org_id = p_org_id
      and l.item_id = p_item_id
      and l.location_id = p_location_id
      and l.lot = p_lot
      and l.held > 0
      and l.expires_at <= p_at
  );
end
$$;

comment on function inventory.expired_holds is
  'How much of what a balance counts as reserved has expired at an instant.';
grant execute on function inventory.expired_holds to stockade_owner;

-- Postgres makes it a part of the statement that calls it.
create or replace function inventory.reserved_now(
  p_org_id uuid,
  p_item_id uuid,
  p_location_id uuid,
  p_lot text,
  p_reserved numeric
)
returns numeric
language sql
stable
as $$
  -- Most balances have nothing reserved, and look nothing up.
  select case
    when p_reserved = 0 then p_reserved
    else greatest(p_reserved - inventory.expired_holds(p_org_id, p_item_id, p_location_id, p_lot, now()), 0)
  end
$$;

comment on function inventory.reserved_now is
  'What is reserved of a balance since the transaction began: p_reserved, as the balance has it, without the holds that have expired.';
grant execute on function inventory.reserved_now to stockade_owner;
