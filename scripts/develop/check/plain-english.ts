interface Phrase {
  readonly pattern: RegExp;
  /** The better word. */
  readonly instead: string;
}

/** Phrases that a reader has to read twice, and what to write instead. Add one when you meet it a second time. */
const phrases: readonly Phrase[] = [
  { pattern: /\bwho(?:m|so)?ever\b/i, instead: 'name who acts: "anyone who", "the caller", "you"' },
  { pattern: /\b(?:by|to|of|for|from) whom\b/i, instead: 'make that person the subject' },
  { pattern: /\bwhose \w+ it (?:is|was)\b/i, instead: '"of its owner", "of the credential\'s organization"' },
  { pattern: /\bof the kind that\b/i, instead: '"such as", or name it' },
  { pattern: /\bit is so\b(?! \w+ that\b)/i, instead: 'say what it is: "failing since 14:02 UTC"' },
  { pattern: /\b(?:has|have) to be so\b/i, instead: 'say what must hold' },
  { pattern: /\bwhat is (?:not )?\w+ is\b/i, instead: 'a noun: "pending migrations are …"' },
  { pattern: /\bwithout end\b/i, instead: '"never expires", "unlimited"' },
  { pattern: /\bnothing is said of\b/i, instead: '"not checked"' },
  { pattern: /\bfor want of\b/i, instead: '"without", "because there is no"' },
  { pattern: /\bput(?:s|ting)? (?:it |them |that )?right\b/i, instead: '"correct", "repair"' },
  { pattern: /\b(?:is|are|was|were|be|been) told\b/i, instead: '"is reported", "gets an alert"' },
  { pattern: /\btell(?:s|ing)? (?:how|which|whether|why|of)\b/i, instead: '"report", "show"' },
  { pattern: /\btold apart\b/i, instead: '"distinguished", "listed separately"' },
  { pattern: /\banew\b/i, instead: '"again", "recomputed"' },
  { pattern: /\bgone on with\b/i, instead: '"continued"' },
  { pattern: /\bcarr(?:y|ies|ied|ying) on with\b/i, instead: '"continue"' },
  { pattern: /\bbroken off\b/i, instead: '"interrupted"' },
  { pattern: /\b(?:come|comes|came) to (?:its|an|their) end\b/i, instead: '"ended"' },
  { pattern: /\blets? nobody in\b/i, instead: '"accepts no connections"' },
  { pattern: /\bin the place of\b/i, instead: '"instead of"' },
  { pattern: /\b(?:movements?|seals?|lines|bytes|goes on|stands) behind\b/i, instead: '"after", "since"' },
  { pattern: /\b(?:step|batch|statement) at work\b/i, instead: '"current"' },
  {
    pattern:
      /\bma(?:k(?:e|es|ing)|de) (?:a|an|the|its|new|another) (?:API )?(?:keys?|organizations?|users?|items?|locations?|snapshots?|buckets?|roles?)\b(?! (?:a|an|of)\b)/i,
    instead: '"create"',
  },
  {
    pattern:
      /\b(?:keys?|organizations?|users?|items?|locations?|databases?|snapshots?|buckets?|roles?) (?:is|are|was|were|to be) made\b/i,
    instead: '"created"',
  },
];

/** Its words are those of the SQL that it tests. */
const exempt: readonly string[] = ['tests/ledger/triggers.test.ts'];

/** The list itself, and the test that quotes from it. */
const quoting = /^scripts\/develop\/check\/(?:plain-english\.ts|checks\.test\.ts)$/;

/** Phrases in messages, comments and documents that have a plainer form, with their line and the better word. */
export function englishFaults(file: string, content: string): string[] {
  if (quoting.test(file) || exempt.includes(file)) return [];
  return content
    .split('\n')
    .flatMap((text, index) =>
      phrases.flatMap(({ pattern, instead }) =>
        [pattern.exec(text)?.[0] ?? []]
          .flat()
          .map((found) => `${file}:${index + 1}: "${found}": write ${instead}`),
      ),
    );
}
