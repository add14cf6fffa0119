create table depot.scans_2027 (like depot.scans);
alter table depot.scans_2027 add constraint in_2027 check (day >= '2027-01-01' and day < '2028-01-01');
