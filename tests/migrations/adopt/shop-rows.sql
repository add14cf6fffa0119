-- A few rows of the shop.
insert into shop.countries (code, name) values ('FI', 'Finland'), ('IT', 'Italy');
insert into shop.customers (email, full_name, country_code) values
  ('aino@example.com', 'Aino Laine', 'FI'),
  ('bruno@example.com', 'Bruno Neri', 'IT');
insert into shop.products (sku, name, price) values ('TEA-1', 'Green tea', 4.50), ('CUP-1', 'Tea cup', 9.00);
insert into shop.orders (number, customer_id) values ('2026-1', 1), ('2026-2', 2);
insert into shop.order_lines (order_id, line, product_id, quantity, price) values
  (1, 1, 1, 2, 4.50),
  (1, 2, 2, 1, 9.00),
  (2, 1, 1, 5, 4.00);
insert into shop.audit_log (who, what) values ('aino', '{"did": "order"}');
