import { domainToASCII, domainToUnicode } from 'node:url';
import * as z from 'zod';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/**
 * The one form in which an address is stored, compared and signed, as a regular expression that means the same in JavaScript
 * and in Postgres: what HTML calls a valid e-mail address, in lower case, without `|`, which separates the parts of a pass. The
 * rule stands in `tenancy.is_email()`, and a test compares the two.
 */
export const canonicalForm = `^[a-z0-9.!#$%&'*+/=?^_\`{}~-]+@${label}(\\.${label})*$`;

export const maxEmailCharacters = 320;

const canonical = new RegExp(canonicalForm);

/**
 * An address in its one form; undefined when it has none. Only A to Z have a lower case here: U+212A KELVIN SIGN is no k,
 * because a person who has proved to own the one address has not proved to own the other. A domain in another script takes its ASCII form (IDNA), when
 * that changes nothing but the case of letters.
 *
 * @example
 * canonicalEmail('Ada@MÜNCHEN.example'); // 'ada@xn--mnchen-3ya.example'
 */
export function canonicalEmail(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  const email = `${lowerCaseOfAscii(text.slice(0, at))}@${asciiDomain(text.slice(at + 1)) ?? ''}`;
  return at > 0 && email.length <= maxEmailCharacters && canonical.test(email) ? email : undefined;
}

/** What is wrong with a text as an address, for a sentence that begins with it; undefined when nothing is. */
export function emailFault(text: string): string | undefined {
  if (canonicalEmail(text) !== undefined) return undefined;
  const foreign = /[^ -~]/u.exec(text.slice(0, text.lastIndexOf('@') + 1) || text)?.[0];
  if (foreign === undefined) return 'must be an email address without |, such as ada@example.com';
  const code = (foreign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `must be an email address with only letters from a to z, digits and ASCII signs before the @: U+${code} is none of them, even if it looks like one`;
}

/** An address in its one form. */
export const Email = z.string({ error: 'must be a string' }).transform((text, context) => {
  const email = canonicalEmail(text);
  if (email !== undefined) return email;
  context.addIssue({ code: 'custom', message: emailFault(text) ?? '' });
  return z.NEVER;
});

/** `toLowerCase()` turns letters of other scripts into those of ASCII, such as U+212A into k. */
export function lowerCaseOfAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function asciiDomain(domain: string): string | undefined {
  if (/^[\0-\x7f]*$/.test(domain)) return lowerCaseOfAscii(domain);
  if (domain !== domain.normalize('NFKC')) return undefined;
  const ascii = domainToASCII(domain);
  return domainToUnicode(ascii) === domain.toLowerCase() ? ascii : undefined;
}
