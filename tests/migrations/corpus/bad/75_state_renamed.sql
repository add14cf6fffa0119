-- finds rename-enum-value
alter type depot.state rename value 'lost' to 'missing';
