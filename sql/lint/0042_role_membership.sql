-- A login role that is a member of another role.
-- level: leak
-- It has, or takes with SET ROLE, all rights of the other role: those of the owner, those of jobs, which can enter every
-- organization, or those of pg_read_all_data or pg_read_server_files.
select
  l.name as object,
  format('it is a member of %s', string_agg(distinct m.roleid::regrole::text, ', ')) as detail,
  string_agg(distinct format('revoke %s from %s;', m.roleid::regrole, l.name), ' ') as remedy
from login_roles l
join pg_auth_members m on m.member = l.oid
-- On RDS this role lets a role authenticate with IAM, and nothing else.
where m.roleid is distinct from to_regrole('rds_iam')
group by l.name
