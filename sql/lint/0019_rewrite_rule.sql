-- A rewrite rule.
-- level: leak
-- Postgres checks the commands of a rule against the privileges of the relation's owner, not of the caller: it can write where
-- the caller may not.
select
  format('%I on %s', w.rulename, r.name) as object,
  pg_get_ruledef(w.oid) as detail,
  format('drop rule %I on %s;', w.rulename, r.name) as remedy
from pg_rewrite w
join own_relations r on r.oid = w.ev_class
where w.rulename <> '_RETURN'
