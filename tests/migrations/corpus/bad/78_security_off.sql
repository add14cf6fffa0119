-- finds row-security-off
alter table depot.customers disable row level security;
