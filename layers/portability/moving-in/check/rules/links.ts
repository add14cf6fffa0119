import type { SetRule } from '../rule.ts';

const links = [
  ['item_id', 'items'],
  ['location_id', 'locations'],
  ['user_id', 'users'],
] as const;

/** A foreign key that was dropped, or never checked, leaves rows that the new one refuses. */
export const missingTarget: SetRule = {
  id: 'missing-target',
  query: () =>
    links
      .map(
        ([
          column,
          target,
        ]) => `select 'movements' as table, m.id::text as id, '${column} ' || m.${column} as value
          from inventory.movements m
          where m.${column} is not null
            and not exists (select from inventory.${target} r where r.id = m.${column})`,
      )
      .join(' union all '),
  rule: 'a movement names an item, a location and a user that exist',
  remedy: 'Create what it names again, or correct the movement.',
};

/** Nothing of an organization refers to another one. */
export const crossing: SetRule = {
  id: 'crossing',
  query: ({ moved }) =>
    `select 'movements' as table, m.id::text as id, i.organization || ' and ' || l.organization as value
     from inventory.movements m
     join ${moved('items')} i on i.id = m.item_id::text
     join ${moved('locations')} l on l.id = m.location_id::text
     where i.organization <> l.organization`,
  rule: 'the item and the location of a movement belong to one organization',
  remedy: 'Assign both to the same organization.',
};
