-- finds rename-schema
alter schema depot rename to station;
