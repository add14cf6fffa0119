-- Large objects.
-- level: leak
-- They have no row-level security and no organization: every tenant's transaction runs as the same role, and what that
-- role may read of them every tenant reads.
select
  'large objects' as object,
  format('there are %s, such as %s of %s', count(*), min(oid), min(lomowner::regrole::text)) as detail,
  'select lo_unlink(oid) from pg_largeobject_metadata; and keep the data in a bytea column behind the wall' as remedy
from pg_largeobject_metadata
having count(*) > 0
