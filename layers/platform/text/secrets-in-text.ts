/** The secrets that texts of other programs carry: the password of a URL, a password setting, an API key. */
const secrets: readonly (readonly [pattern: RegExp, hidden: string])[] = [
  [/(:\/\/[^\s:@/]*):[^\s']*@/g, '$1:…@'],
  [/\b(password|secret|token)=("[^"]*"|'[^']*'|[^\s&"']+)/gi, '$1=…'],
  [/\b(sk_[a-z]+_[0-9a-z]+)_[0-9A-Za-z]+/g, '$1_…'],
];

/** The text with every secret hidden. Texts repeat what somebody typed, and that may be a URL with its password. */
export function hideSecrets(text: string): string {
  return secrets.reduce((hidden, [pattern, by]) => hidden.replace(pattern, by), text);
}
