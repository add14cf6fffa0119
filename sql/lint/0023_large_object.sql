-- Large objects.
-- level: leak
-- They have no row-level security and no organization. Every tenant's transaction runs as the same role, so every tenant can
-- read what that role can read.
select
  'large objects' as object,
  format('there are %s, such as %s of %s', count(*), min(oid), min(lomowner::regrole::text)) as detail,
  'select lo_unlink(oid) from pg_largeobject_metadata; and store the data in a bytea column of a tenant''s table' as remedy
from pg_largeobject_metadata
having count(*) > 0
