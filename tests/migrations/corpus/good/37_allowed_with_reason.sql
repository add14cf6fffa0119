-- allow whole-table-write: tariffs has three rows, and the monthly price list is one change.
update depot.tariffs set price = price + 1;
