create table depot.a (id uuid primary key);
create table depot.b (id uuid primary key);
do $$
declare
  v_table text;
begin
  foreach v_table in array array['a', 'b'] loop
    execute format('alter table depot.%I enable row level security', v_table);
  end loop;
end
$$;
