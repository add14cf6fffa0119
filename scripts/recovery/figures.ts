import { counted } from '#platform/text/plural.ts';

/** The words for each figure that a proof reports. */
const words: Readonly<Record<string, (figure: number) => string>> = {
  anchored: (n) => `${n} anchored`,
  anchors: (n) => counted(n, 'anchor'),
  balances: (n) => counted(n, 'balance'),
  behindSeconds: (n) => `${n} s behind`,
  entries: (n) => counted(n, 'entry', 'entries'),
  foreignKeys: (n) => counted(n, 'foreign key'),
  indexes: (n) => counted(n, 'index', 'indexes'),
  lines: (n) => `${counted(n, 'line')} of schema`,
  migrations: (n) => counted(n, 'migration'),
  movements: (n) => counted(n, 'movement'),
  organizations: (n) => counted(n, 'organization'),
  rules: (n) => counted(n, 'rule'),
  seals: (n) => counted(n, 'seal'),
  seconds: (n) => `${n} s lost`,
  sequences: (n) => counted(n, 'sequence'),
  tables: (n) => counted(n, 'table'),
  unanchored: (n) => `${n} not anchored`,
  unsealed: (n) => `${n} not sealed`,
};

/** The figures of a proof as people read them, with one decimal at most: `2 organizations, 2.4 s behind`. */
export function figuresText(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, figure]) => {
      const rounded = Number(figure.toFixed(1));
      return words[name]?.(rounded) ?? `${name} ${rounded}`;
    })
    .join(', ');
}
