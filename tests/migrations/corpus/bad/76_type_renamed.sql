-- finds rename-type
alter type depot.state rename to parcel_state;
