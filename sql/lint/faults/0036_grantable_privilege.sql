-- finds inventory.items
grant select on inventory.items to stockade_jobs with grant option;

-- finds inventory.post_entry(jsonb)
grant execute on function inventory.post_entry(jsonb) to stockade_jobs with grant option;
