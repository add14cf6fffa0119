-- finds do-block
do $$
begin
  if exists (select from depot.parcels) then
    alter table depot.parcels add column fragile boolean;
  end if;
end
$$;
