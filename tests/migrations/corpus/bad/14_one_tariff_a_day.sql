-- finds exclusion-constraint
alter table depot.tariffs add constraint tariffs_once exclude using btree (zone with =);
