import type { Organization } from './organizations.ts';
import type { Outcome } from './report.ts';

/** One organization's failure keeps no other from its turn; alone, it is the command's. */
export async function attempt(
  { slug }: Organization,
  isAlone: boolean,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (isAlone) throw error;
    const { message } = error as Error;
    return {
      text: `${slug}: failed, ${message}`,
      json: { organization: slug, error: message },
      failed: true,
    };
  }
}
