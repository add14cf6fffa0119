-- finds index-not-concurrent
-- Support looks parcels up by remark.
create index parcels_remark on depot.parcels (remark);
