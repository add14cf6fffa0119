-- finds inventory.balances
alter table inventory.balances no force row level security;
