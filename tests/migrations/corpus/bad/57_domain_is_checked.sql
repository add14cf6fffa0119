-- finds domain-constraint
alter domain depot.weight_grams add constraint light check (value < 31500);
