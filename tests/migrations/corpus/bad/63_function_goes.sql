-- finds drop-object
drop function depot.zone_of(text);
