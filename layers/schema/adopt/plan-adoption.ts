import { join } from 'node:path';
import type { ClientBase } from 'pg';
import { readIsolationRules } from '../lint/isolation-rules.ts';
import { type Adoption, adopt } from './adoption.ts';
import type { Choices } from './choices.ts';
import { findCrossedRows } from './crossed-rows.ts';
import { type Foreseen, foresee } from './forecast.ts';
import { exceptionsFor, isAccepted } from './lint-exceptions.ts';
import { type Proposal, propose } from './proposal.ts';
import { readApplication } from './read-application.ts';
import type { Remark } from './remark.ts';
import { whyNamesTaken } from './taken-names.ts';
import { readTenancyBook } from './tenancy-book.ts';

/** What was found out about an application, and the files if nothing is in their way. */
export interface AdoptionPlan {
  readonly proposal: Proposal;
  /** Everything that must be decided or changed first. */
  readonly obstacles: readonly Remark[];
  /** What the isolation lint accepts in this application, with the reason. */
  readonly accepted: readonly Foreseen[];
  /** What it will report, because only the application can change it. */
  readonly reported: readonly Foreseen[];
  /** Undefined as long as there are obstacles. */
  readonly adoption: Adoption | undefined;
}

/**
 * Reads an application and plans how it gets behind the wall. It only reads.
 * @param client a user that may give the application's tables to another owner
 * @param sqlDirectory Stockade's folder `sql`
 * @throws ChoiceError when a choice names what is not there
 */
export async function planAdoption(
  client: ClientBase,
  sqlDirectory: string,
  choices: Choices,
): Promise<AdoptionPlan> {
  const rules = await readIsolationRules(join(sqlDirectory, 'lint'));
  const proposal = propose(await readApplication(client), choices);
  const foreseen = await foresee(client, rules, proposal);
  const found = [...proposal.decisions, ...proposal.refusals, ...whyNamesTaken(proposal)];
  const obstacles = found.length > 0 ? found : await findCrossedRows(client, proposal);
  const reading = {
    proposal,
    obstacles,
    accepted: foreseen.filter(isAccepted),
    reported: foreseen.filter((each) => !isAccepted(each)),
  };
  if (obstacles.length > 0) return { ...reading, adoption: undefined };
  const tenancy = await readTenancyBook(
    sqlDirectory,
    proposal.logins.map(({ sql }) => sql),
  );
  const exceptions = exceptionsFor(proposal, rules, tenancy.routines, foreseen);
  const { files, lastBeforeContract } = adopt(proposal, tenancy);
  return {
    ...reading,
    adoption: {
      files: new Map([...files, ['lint/exceptions.json', `${JSON.stringify(exceptions, null, 2)}\n`]]),
      lastBeforeContract,
    },
  };
}
