import { ConfigurationError } from './configuration-error.ts';
import type { ReadContext } from './database-target.ts';

/**
 * Who gets the alerts of the stage by e-mail: the addresses in `alertEmails`, separated by commas. The list may be empty.
 * @throws ConfigurationError when one of them is not an address
 */
export function alertEmails(context: ReadContext): readonly string[] {
  const value = context('alertEmails');
  if (value === undefined || value === '') return [];
  const addresses = String(value)
    .split(',')
    .map((address) => address.trim());
  const wrong = addresses.find((address) => !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address));
  if (wrong === undefined) return [...new Set(addresses)];
  throw new ConfigurationError(
    `alertEmails has ${JSON.stringify(wrong)}: pass e-mail addresses separated by commas`,
  );
}
