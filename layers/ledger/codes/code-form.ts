import { nameOfCharacter } from './character-names.ts';
import { invisibleCharacter } from './invisible-characters.ts';

/** The number of characters, as Unicode and the database count them, that a code or a lot has at most. */
export const maxCodeCharacters = 64;

/**
 * What is wrong with a text in the normal form NFC as a code or a reference, and how to correct it; undefined when nothing is.
 * The rule stands in `inventory.is_visible()`, and a test compares the two. That a code has not the form of an id is said elsewhere.
 *
 * @example
 * codeFault('AB\u200b1'); // 'must not contain U+200B ZERO WIDTH SPACE after "AB": remove it'
 */
export function codeFault(text: string, most = maxCodeCharacters): string | undefined {
  if ([...text].length > most) return `must have at most ${most} characters`;
  if (/^ | $/.test(text)) return 'must not begin or end with a blank';
  const found = invisibleCharacter.exec(text);
  if (!found) return undefined;
  const [character] = found;
  const place =
    found.index === 0 ? 'at its beginning' : `after ${JSON.stringify(text.slice(0, found.index))}`;
  const remedy = /\p{Zs}|\t/u.test(character)
    ? 'write a blank, U+0020, or nothing in its place'
    : 'remove it';
  return `must not contain ${nameOfCharacter(character)} ${place}: ${remedy}`;
}
