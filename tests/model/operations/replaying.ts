import fc from 'fast-check';
import { type Draw, pathOf, pickNewest, rarely } from './draw.ts';

/**
 * Sends what was asked under an `Idempotency-Key` again: the same; with another body; to another path; as a dry run; or the
 * very request of the other organization, which has used the same names of keys.
 */
export const replay: fc.Arbitrary<Draw> = fc
  .record({
    at: fc.nat(7),
    another: fc.constantFrom('none', 'none', 'body', 'path', 'dry run'),
    isStray: rarely(5),
    entry: fc.nat(7),
  })
  .map(({ at, another, isStray, entry }) => (own, other) => {
    const request = pickNewest((isStray ? other : own).keyed, at);
    if (!request) return undefined;
    if (another === 'body') {
      const { body } = request;
      const changed = body && 'name' in body ? { name: 'Another' } : { reference: 'Another' };
      return { ...request, body: { ...body, ...changed } };
    }
    // A location has a kind as well, and no dry run.
    if (another === 'dry run' && request.body?.kind && 'lines' in request.body)
      return { ...request, body: { ...request.body, dryRun: true } };
    const id = pickNewest(own.ledger.entries, entry)?.id;
    if (another === 'path' && id) {
      const isReversal = request.path.endsWith('/reversal');
      return { ...request, path: pathOf(['entries', id, 'reversal']), body: isReversal ? request.body : {} };
    }
    return request;
  });
