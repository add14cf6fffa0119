create or replace function depot.touch()
returns trigger
language plpgsql
as $$
begin
  new.created_at := now();
  return new;
end
$$;
comment on function depot.touch is 'Stamps a parcel.';
