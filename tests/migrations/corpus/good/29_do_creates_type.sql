do $$
begin
  create type depot.size as enum ('s', 'm', 'l');
exception when duplicate_object then
  null;
end
$$;
