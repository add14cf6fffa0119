import type { View } from '../application.ts';
import { fileWords } from '../names.ts';
import type { Proposal } from '../proposal.ts';
import type { Draft } from './draft.ts';
import { loginGrants } from './grants.ts';

/** Contract: a view reads with the rights of its reader, who obeys the policies. */
export function narrowViews(proposal: Proposal): Draft[] {
  return proposal.application.views
    .filter(({ isMaterialized }) => !isMaterialized)
    .map((view) => ({
      topic: fileWords(view.name, 'view'),
      directives: ['contract'],
      why: `Contract: ${view.name} reads with the rights of its reader. With those of its owner it would show every organization.`,
      statements: [
        ...(view.isInvoker ? [] : [`alter view ${view.name} set (security_invoker = true)`]),
        ...loginGrants(proposal, view, { writes: true }),
      ],
    }));
}

/** The views that hold copies of rows, to which no policy applies. */
export function materializedViews({ application }: Proposal): readonly View[] {
  return application.views.filter(({ isMaterialized }) => isMaterialized);
}
