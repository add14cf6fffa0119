-- finds char-type
create table depot.countries (code char(2) primary key, name text not null);
