import type { Organization } from './organizations.ts';
import type { Outcome } from './report.ts';

/** The failure of one of many organizations does not stop the others. A single organization's failure is the command's. */
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
