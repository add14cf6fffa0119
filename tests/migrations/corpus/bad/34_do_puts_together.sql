-- finds do-block
do $$
declare
  v_table regclass;
begin
  for v_table in select oid from pg_class where relnamespace = 'depot'::regnamespace and relkind = 'r' and not relispartition loop
    execute 'alter table ' || v_table || ' add column seen_at timestamptz';
  end loop;
end
$$;
