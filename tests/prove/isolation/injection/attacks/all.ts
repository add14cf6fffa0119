import type { Client } from 'pg';
import type { Attack, Target } from '../attack.ts';
import { stackedAttacks } from './blocks.ts';
import { catalogueAttacks } from './catalogue.ts';
import { contextAttacks } from './context.ts';
import { contextCopies } from './copies.ts';
import { endlessAttacks } from './endless.ts';
import { generatedAttacks } from './generated.ts';
import { leftoverAttacks } from './leftovers.ts';
import { lockAttacks } from './locks.ts';
import { loginAttacks } from './logins.ts';
import { oracleAttacks } from './oracles.ts';
import { outsideAttacks } from './outside.ts';
import { privilegeAttacks } from './privileges.ts';
import { rowAttacks } from './rows.ts';
import { sessionAttacks } from './sessions.ts';

/** Every attack; those that find most come first. `contexts` are genuine contexts of the target, by their origin. */
export async function allAttacks(
  superuser: Client,
  target: Target,
  contexts: Readonly<Record<string, string>>,
): Promise<Attack[]> {
  return [
    ...rowAttacks(target),
    ...Object.entries(contexts).flatMap(([of, context]) => contextCopies(context, of)),
    ...(await generatedAttacks(superuser, target)),
    ...stackedAttacks(target),
    ...contextAttacks(target),
    ...oracleAttacks(target),
    ...privilegeAttacks(target),
    ...outsideAttacks(target),
    ...catalogueAttacks(target),
    ...leftoverAttacks(target),
    ...sessionAttacks(target),
    ...(await lockAttacks(superuser)),
    ...loginAttacks(target),
    ...endlessAttacks(target),
  ];
}
