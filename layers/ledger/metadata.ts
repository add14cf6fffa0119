import * as z from 'zod';

/** The limits stand in `inventory.is_metadata()` as well, and a test compares the two. */
const maxBytes = 8_192;
const maxDepth = 32;

/** Anything that the caller wants to store with the object. */
export const Metadata = z
  .record(z.string(), z.json(), { error: 'must be an object' })
  .refine((value) => !isDeeper(value, maxDepth), {
    error: `must be nested at most ${maxDepth} deep`,
    abort: true,
  })
  .refine((value) => storedBytes(value) <= maxBytes, {
    error: `must have at most ${maxBytes} bytes as JSON`,
  });

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/**
 * The bytes of a value as JSON without blanks and with numbers in full, as the database counts them: it stores digits, and
 * not an exponent.
 */
function storedBytes(value: unknown): number {
  const json = JSON.stringify(value);
  const bare = json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
  const exponents = bare.matchAll(/(-?)(\d)(?:\.(\d+))?e([+-]\d+)/g);
  return [...exponents].reduce((bytes, [written, sign = '', , decimals = '', exponent]) => {
    const places = Number(exponent);
    const digits = places > 0 ? places + 1 : 2 - places + decimals.length;
    return bytes + sign.length + digits - written.length;
  }, Buffer.byteLength(json));
}
