/** The values at the bounds of the CHECKs of the ledger's tables. */

const codes = {
  taken: [
    ...['A', 'x'.repeat(64), 'a b', '.a', 'a..', 'Ä'.repeat(64), '\u{1f600}'.repeat(64), 'a#b'],
    ...['M8/40', '1/2" ELBOW', 'JUICE 50%', 'a?b', 'a\\b', '.', '..', 'é', 'ﬁ', 'a\u0323\u0302'.normalize()],
  ],
  refused: [
    ...['', 'x'.repeat(65), ' a', 'a ', 'a\tb', 'a\u007fb', 'a\u009fb', 'e\u0301', '\u212b'],
    ...[
      'a\u200bb',
      'a\u00adb',
      '\ufeffa',
      '\u202aa',
      'a\u2066b',
      'a\u00a0b',
      'a\u3000b',
      '\u2800',
      'a\ufe0f',
    ],
    ...['\ue000', '\u0378', '\u{e0041}', '\u{1fae9}'],
    ...['0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42', '0197B1F2-6C1E-7A30-9D2F-3A5E0C7B1D42'],
  ],
};
const text = (longest: number) => ({
  taken: ['x', 'x'.repeat(longest), 'Ä'.repeat(longest)],
  refused: ['', 'x'.repeat(longest + 1)],
});

const instants = {
  taken: ['1900-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'],
  refused: [
    '1899-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59.9996Z',
    '4713-01-01 BC',
    '-infinity',
    'infinity',
  ],
};
const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
const metadata = {
  taken: ['{}', '{"a":1}', `{"a":"${'x'.repeat(8_184)}"}`, nested(32), '{"a":1e300}', '{"a":"__proto__"}'],
  refused: [
    ...['[]', '1', 'null', '"x"', `{"a":"${'x'.repeat(8_185)}"}`, `{"a":"${'x'.repeat(2_000_000)}"}`],
    ...[nested(33), nested(1_000), '{"a":[{"__proto__":1}]}', '{"a":1.000000000000001}'],
  ],
};

/** What each CHECK lets through and what it does not. */
export const checks: [
  constraint: string,
  column: string,
  taken: readonly unknown[],
  refused: readonly unknown[],
][] = [
  ['items_sku_check', 'sku', codes.taken, codes.refused],
  ['items_name_check', 'name', text(200).taken, text(200).refused],
  ['items_unit_check', 'unit', text(32).taken, text(32).refused],
  ['items_tracking_check', 'tracking', ['none', 'lot'], ['', 'serial', 'LOT']],
  [
    'items_reorder_point_check',
    'reorder_point',
    [null, 0, '0.0001', '99999999999.9999'],
    ['-0.0001', -1, 'NaN'],
  ],
  ['items_metadata_check', 'metadata', metadata.taken, metadata.refused],
  ['items_created_at_check', 'created_at', instants.taken, instants.refused],
  ['items_updated_at_check', 'updated_at', instants.taken, instants.refused],
  ['locations_code_check', 'code', codes.taken, codes.refused],
  ['locations_name_check', 'name', text(200).taken, text(200).refused],
  [
    'locations_kind_check',
    'kind',
    ['warehouse', 'store', 'supplier', 'customer', 'transit', 'other'],
    ['', 'shelf', 'Store'],
  ],
  [
    'entries_kind_check',
    'kind',
    ['receipt', 'return', 'issue', 'adjustment', 'count', 'transfer', 'opening'],
    ['', 'gift', 'Receipt'],
  ],
  [
    'entries_reference_check',
    'reference',
    [null, ...text(200).taken, 'a b', '№ 7/3', '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'],
    [...text(200).refused, ' a', 'a ', 'a\tb', 'a\nb', 'e\u0301', '\u212a', 'a\u200bb', 'a\u202eb'],
  ],
  ['entries_actor_check', 'actor', text(200).taken, text(200).refused],
  ['entries_metadata_check', 'metadata', metadata.taken, metadata.refused],
  ['entries_occurred_at_check', 'occurred_at', instants.taken, instants.refused],
  ['entries_recorded_at_check', 'recorded_at', instants.taken, instants.refused],
  ['movements_line_check', 'line', [2, 1_000], [0, -1, 1_001, 2_147_483_647]],
  ['movements_quantity_check_number', 'quantity', [1], ['NaN']],
  ['movements_occurred_at_check', 'occurred_at', instants.taken, instants.refused],
  ['movements_recorded_at_check', 'recorded_at', instants.taken, instants.refused],
  [
    'movements_quantity_check',
    'quantity',
    [1, -1, '0.0001', '99999999990.9999'],
    [0, '0.0000', '-0', '0.00004'],
  ],
  [
    'movements_lot_check',
    'lot',
    ['', 'L', 'x'.repeat(64), 'a/b', '0197b1f2-6c1e-7a30-9d2f-3a5e0c7b1d42'],
    ['x'.repeat(65), ' L', 'L ', ' ', 'a\tb', 'a\u0085b', 'a\u200bb', 'e\u0301', '\u2800'],
  ],
  ['balances_on_hand_check', 'on_hand', [0, -1], ['NaN']],
  ['balances_reserved_check', 'reserved', [0, '0.0001'], ['-0.0001', -1, 'NaN']],
  ['balances_version_check', 'version', [0, 1], [-1]],
];
