-- finds unique-constraint
alter table depot.customers add unique (phone);
