-- An extension that nobody has reviewed.
-- level: leak
-- dblink and postgres_fdw connect to this database as another role, and file_fdw reads the server's files. PUBLIC can use what
-- an extension creates, unless the extension says otherwise.
select
  quote_ident(extname) as object,
  format('version %s is installed in %s', extversion, extnamespace::regnamespace) as detail,
  format('drop extension %I; or review what it grants to PUBLIC, and list it as an exception', extname) as remedy
from pg_extension
-- plpgsql is in every database. amcheck, which proves restored backups, grants nothing to PUBLIC.
where extname not in ('plpgsql', 'amcheck')
