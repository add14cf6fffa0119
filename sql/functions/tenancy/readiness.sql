--! needs 000002_context
-- Whether the database can serve requests that write.

create or replace function tenancy.assert_can_write()
returns void
language plpgsql
set search_path = ''
set work_mem = '64kB'
as $$
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception 'the database takes no writes' using errcode = '25006';
  end if;
  -- More than work_mem holds: it goes to a temporary file. That is the one write that needs room on the disk and keeps
  -- no row, so it fails while the disk is full and costs about a millisecond otherwise.
  perform count(*) from generate_series(1, 8192);
end
$$;

comment on function tenancy.assert_can_write is
  'Fails with 25006 when the database is read-only, and with 53100 when its disk is full. GET /ready calls it.';
grant execute on function tenancy.assert_can_write to stockade_api;
