-- finds identifier-too-long
create table depot.the_list_of_all_parcels_that_were_returned_to_the_sender_unopened (id uuid primary key);
