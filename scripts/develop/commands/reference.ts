import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { environment } from '#platform/environment.ts';
import { paths } from '#scripts/paths.ts';

/** The reference of all commands, relative to the root of the checkout. */
export const referenceFile = 'docs/COMMANDS_REFERENCE.md';

/** The sections, by the folder of a command's file. */
const sections: Readonly<Record<string, string>> = {
  org: 'Organizations',
  keys: 'API keys',
  users: 'Users',
  ledger: 'The ledger',
  migrate: 'The schema',
  recovery: 'Backup and recovery',
  develop: 'Development',
};

/** npm scripts that are tools of others, with their own help. */
const tools: Readonly<Record<string, string>> = {
  test: 'Runs the tests (vitest). Pass a path to run some of them: `npm test -- tests/ledger`.',
  synth:
    'Writes the CloudFormation templates to `cdk.out`, without an AWS account. Options: [DEPLOYMENT_CHECKLIST.md](DEPLOYMENT_CHECKLIST.md).',
  deploy: 'Deploys all stacks (AWS CDK). Options: [DEPLOYMENT_CHECKLIST.md](DEPLOYMENT_CHECKLIST.md).',
};

interface Command {
  readonly name: string;
  readonly file: string;
  readonly section: string;
}

/**
 * The reference as Markdown, from the `--help` of each command in package.json.
 * @throws Error when an npm script is neither a command of ours nor listed as a tool
 */
export async function generateReference(): Promise<string> {
  const commands = await readCommands();
  const help = await helpOf(commands);
  const page = [
    '# Commands',
    '',
    'Every command with its `--help`. `npm run commands` writes this file; do not edit it.',
    '',
    'Put `--` between the name of a command and its options: without it, npm takes the options. Every command prints JSON',
    'with `--json`; add `--silent` (`npm run --silent org:list -- --json`) to hide the output of npm itself.',
    '',
    'Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted. Ctrl-C stops a command after its current step.',
  ];
  for (const [section, title] of Object.entries(sections)) {
    const ofSection = commands.filter((each) => each.section === section);
    page.push('', `## ${title}`);
    for (const command of ofSection) {
      page.push('', `### ${command.name}`, '', '```', help.get(command.name)?.trimEnd() ?? '', '```');
    }
  }
  page.push('', '## Other tools', '', '| command | |', '| --- | --- |');
  for (const [name, does] of Object.entries(tools)) {
    page.push(`| \`npm ${name === 'test' ? 'test' : `run ${name}`}\` | ${does} |`);
  }
  return `${page.join('\n')}\n`;
}

/** The committed reference; undefined when there is none. */
export async function readReference(): Promise<string | undefined> {
  return await readFile(join(paths.root, referenceFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function readCommands(): Promise<Command[]> {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    await readFile(join(paths.root, 'package.json'), 'utf8'),
  );
  return Object.entries(scripts)
    .filter(([name]) => !(name in tools))
    .map(([name, line]) => {
      const [, file, folder = ''] = /^node ((?:scripts\/)?(\w+)\/[\w/-]+\.ts)$/.exec(line) ?? [];
      const section = folder === 'bench' ? 'develop' : folder;
      if (!file || !(section in sections)) {
        throw new Error(
          `the npm script ${name} has no section: add it in scripts/develop/commands/reference.ts`,
        );
      }
      return { name, file, section };
    });
}

async function helpOf(commands: readonly Command[]): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      join(import.meta.dirname, 'print-help.ts'),
      ...commands.map(({ file }) => pathToFileURL(join(paths.root, file)).href),
    ],
    { cwd: paths.root, env: plainEnvironment(), maxBuffer: 16_777_216 },
  );
  const pages: string[] = JSON.parse(stdout);
  return new Map(commands.map(({ name }, index) => [name, pages[index] ?? '']));
}

/** Some defaults come from the environment: the reference must not depend on it. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const ours = new Set<string>(Object.values(environment));
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.has(name)));
}
