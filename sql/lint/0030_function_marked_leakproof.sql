-- A function that is marked leakproof.
-- level: leak
-- Postgres may check leakproof conditions before the policy, on rows of every organization: an error message, a notice or the
-- time it takes can reveal them.
select
  name as object,
  'it is marked leakproof' as detail,
  format('alter routine %s not leakproof;', name) as remedy
from own_functions
where is_leakproof
union all
-- Functions of Postgres that people mark so that indexes are used under row-level security.
select
  p.oid::regprocedure::text,
  'it was marked leakproof, which it is not in Postgres',
  format('alter routine %s not leakproof;', p.oid::regprocedure)
from pg_proc p
where p.oid < 16384
  and p.proleakproof
  and p.proname ~ '^(text(ic)?n?like|bpchar(ic)?n?like|name(ic)?n?like|like(_escape)?|notlike|(text|bpchar|name)(ic)?regex(eq|ne)|numeric_(eq|ne|lt|le|gt|ge|cmp)|enum_(eq|ne|lt|le|gt|ge|cmp)|jsonb_.*|array(_.*|contains|contained|overlap)|ts_match_.*)$'
