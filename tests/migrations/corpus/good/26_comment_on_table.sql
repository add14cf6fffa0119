comment on table depot.parcels is 'What we carry.';
