-- finds enum-value-order
alter type depot.state add value 'returned';
