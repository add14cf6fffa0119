-- An event trigger.
-- level: weakness
-- It runs its function with the rights of the role that changes the schema or logs in.
select
  quote_ident(evtname) as object,
  format('on %s it runs %s', evtevent, evtfoid::regprocedure) as detail,
  format('drop event trigger %I;', evtname) as remedy
from pg_event_trigger
