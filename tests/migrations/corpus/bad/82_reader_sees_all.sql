-- finds role-past-policies
create role depot_reader login bypassrls;
