import { InvalidInput } from '#platform/errors.ts';
import type { HttpEvent } from './event.ts';
import { parseStorable } from './storable.ts';

/** Code that walks a value calls itself for every level, and the stack is limited. */
const maxDepth = 100;

/** The body's bytes, as they were sent. */
export function bodyBytes(event: HttpEvent): Buffer {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
}

/**
 * Reads a JSON body. It refuses what JSON allows and the ledger cannot store: numbers of more digits than a double holds,
 * NUL and lone surrogates in strings, nesting that is too deep.
 * @throws InvalidInput 415 when another type is declared, 400 when it is not JSON in UTF-8
 */
export function parseJsonBody(event: HttpEvent): unknown {
  const contentType = event.headers['content-type'];
  if (contentType !== undefined && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    throw new InvalidInput(
      `The content type is "${contentType}": send application/json.`,
      [{ field: 'content-type', message: 'must be application/json' }],
      415,
    );
  }
  const text = decode(bodyBytes(event));
  if (text.trim() === '') throw bodyError('The body is empty: send a JSON object.', 'must not be empty');
  if (depthOf(text) > maxDepth)
    throw bodyError('The body is nested too deep.', `must be nested at most ${maxDepth} deep`);
  try {
    return parseStorable(text);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw bodyError('The body is not JSON.', error instanceof Error ? error.message : 'is not JSON');
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw bodyError('The body is not UTF-8.', 'must be UTF-8');
  }
}

/** How deep lists and objects are nested. The result means nothing when the text is not JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isInString && character === '\\') at += 1;
    else if (character === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

function bodyError(detail: string, message: string): InvalidInput {
  return new InvalidInput(detail, [{ field: 'body', message }]);
}
