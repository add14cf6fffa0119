import { log } from '#platform/log.ts';
import { count } from '#platform/metrics.ts';
import { setLogins } from './logins.ts';
import { systemClock } from './schedule/clock.ts';

/**
 * Looks again and again whether the login roles have their passwords, and gives them back. Returns what ends it.
 * On RDS nobody needs this: there the roles log in with tokens.
 */
export function keepLogins(adminUrl: string, everyMs: number): () => Promise<void> {
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    try {
      const changed = await setLogins(adminUrl);
      if (changed.length > 0) noteChange(changed);
    } catch (error) {
      log.warn('the passwords of the login roles could not be looked at', { message: String(error) });
    }
    wait();
  };
  const wait = () => {
    cancel = systemClock.at(new Date(Date.now() + everyMs), () => {
      looking = look();
    });
  };
  wait();
  return async () => {
    cancel();
    await looking;
    // The look that was under way has set the next one.
    cancel();
  };
}

function noteChange(roles: readonly string[]): void {
  log.error('login roles had other passwords, and have their own again', { roles });
  for (const role of roles) count('LoginChanged', { role });
}
