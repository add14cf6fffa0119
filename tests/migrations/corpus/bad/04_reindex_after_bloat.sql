-- finds reindex-not-concurrent
reindex index depot.parcels_barcode;
