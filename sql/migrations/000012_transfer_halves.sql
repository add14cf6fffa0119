--! concurrently
-- The old program wrote a transfer as two movements. This index finds the other half of one; it goes with the column kind.
create index concurrently movements_transfer_halves on inventory.movements (item_id, occurred_at, quantity)
  where kind = 'transfer';
