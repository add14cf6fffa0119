-- Two accounts with a few items each.
insert into "Account" ("id", "name") values ('cacc000000000000000000001', 'Acme'), ('cacc000000000000000000002', 'Beta');
insert into "User" ("id", "email", "name", "accountId") values
  ('cusr000000000000000000001', 'ada@example.com', 'Ada', 'cacc000000000000000000001'),
  ('cusr000000000000000000002', 'bob@example.com', 'Bob', 'cacc000000000000000000002');
insert into "Item" ("id", "sku", "name", "unitPrice", "accountId", "updatedAt") values
  ('citm000000000000000000001', 'TEA', 'Tea', 4.5, 'cacc000000000000000000001', now()),
  ('citm000000000000000000002', 'CUP', 'Cup', null, 'cacc000000000000000000001', now()),
  ('citm000000000000000000003', 'TEA', 'Tea', 5, 'cacc000000000000000000002', now());
insert into "Tag" ("label", "accountId") values
  ('hot', 'cacc000000000000000000001'),
  ('hot', 'cacc000000000000000000002');
insert into "_ItemToTag" ("A", "B") values ('citm000000000000000000001', 1), ('citm000000000000000000003', 2);
insert into "StockMove" ("id", "itemId", "kind", "quantity", "movedById") values
  ('cmov000000000000000000001', 'citm000000000000000000001', 'RECEIPT', 10, 'cusr000000000000000000001'),
  ('cmov000000000000000000002', 'citm000000000000000000003', 'RECEIPT', 7, null);
insert into "_prisma_migrations" ("id", "checksum", "migration_name") values ('1', 'abc', '20260101000000_init');
