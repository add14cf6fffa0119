-- finds stockade_api
create domain inventory.planted as text;
alter domain inventory.planted owner to stockade_api;

-- finds stockade_jobs
-- and 0044 inventory.imports
alter table inventory.imports owner to stockade_jobs;
