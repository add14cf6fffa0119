-- finds row-security-on
alter table depot.parcels enable row level security;
