-- run by psql
do $$
begin
  loop
    update depot.parcels set remark = '' where id in (select id from depot.parcels where remark is null limit 1000);
    exit when not found;
    commit;
  end loop;
end
$$;
