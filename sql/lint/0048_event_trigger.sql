-- An event trigger.
-- level: weakness
-- It runs its function for whoever changes the schema, or logs in, with that role's rights.
select
  quote_ident(evtname) as object,
  format('on %s it runs %s', evtevent, evtfoid::regprocedure) as detail,
  format('drop event trigger %I;', evtname) as remedy
from pg_event_trigger
