import type { Attack } from '../attack.ts';

/** Attacks with a genuine context of the target in another transaction. `of` describes its origin. */
export function contextCopies(context: string, of: string): Attack[] {
  const readAll = 'select * from inventory.items; select * from inventory.movements';
  const why = 'the signature does not cover backend and transaction';
  return [
    {
      name: `context ${of}, copied by statement`,
      why,
      statements: `set local stockade.context = '${context}'; ${readAll}`,
    },
    {
      name: `context ${of}, copied for the session`,
      why,
      requests: [`x'; set session stockade.context = '${context}'; commit; --`, `x'; ${readAll}; --`],
    },
    {
      name: `context ${of}, copied into a transaction without one`,
      why,
      statements: `commit; begin; set local stockade.context = '${context}'; ${readAll}`,
    },
    {
      name: `context ${of}, copied by function`,
      why,
      query: `select c.length, i.* from (select length(set_config('stockade.context', '${context}', true))) c, inventory.items i`,
    },
  ];
}
