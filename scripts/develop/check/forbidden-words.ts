/** Paths of one machine and marks of unfinished work. The patterns do not match themselves. */
const forbidden: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /(?<![\w.])\/(?:work|root)\/\w/, why: 'a path of one machine' },
  { pattern: /(?<![\w.])\/(?:home|Users)\/\w/, why: 'a path of one machine' },
  { pattern: /\b(?:TO)(?:DO)\b|\b(?:FIX)(?:ME)\b|\bX(?:XX)\b/, why: 'unfinished work' },
  { pattern: /^(?:<{7}|>{7}) /, why: 'an unresolved merge' },
];

/** Lines with a word that must not be committed. */
export function wordFaults(file: string, content: string): string[] {
  return content
    .split('\n')
    .flatMap((text, index) =>
      forbidden
        .filter(({ pattern }) => pattern.test(text))
        .map(({ pattern, why }) => `${file}:${index + 1}: "${pattern.exec(text)?.[0]}" is ${why}`),
    );
}
