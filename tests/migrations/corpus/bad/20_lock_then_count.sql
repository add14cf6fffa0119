-- finds lock-table
lock table depot.parcels in exclusive mode;
