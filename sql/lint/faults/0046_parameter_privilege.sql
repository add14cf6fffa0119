-- finds stockade_api
grant set on parameter session_replication_role to stockade_api;

-- finds public
grant set on parameter log_statement to public;
