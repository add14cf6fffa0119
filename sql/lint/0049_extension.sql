-- An extension that nobody has looked at.
-- level: leak
-- dblink and postgres_fdw connect to this very database as another role, file_fdw reads the server's files, and what an
-- extension makes is open to PUBLIC unless it says otherwise.
select
  quote_ident(extname) as object,
  format('version %s is installed in %s', extversion, extnamespace::regnamespace) as detail,
  format('drop extension %I; or look at what it gives to PUBLIC and list it as an exception', extname) as remedy
from pg_extension
-- plpgsql comes with every database. amcheck, which proves restored backups, gives nothing to PUBLIC.
where extname not in ('plpgsql', 'amcheck')
