-- finds inventory.iso(timestamp with time zone)
alter function inventory.iso(timestamptz) leakproof;

-- finds texticlike(text,text)
alter function pg_catalog.texticlike(text, text) leakproof;

-- finds numeric_eq(numeric,numeric)
alter function pg_catalog.numeric_eq(numeric, numeric) leakproof;
