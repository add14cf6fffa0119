/** Any other scheme is a credential that we cannot check: it fails like a malformed key. */
export function bearerOf(authorization: string): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
}
