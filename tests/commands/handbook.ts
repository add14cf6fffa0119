import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '#scripts/paths.ts';
import { orderingNpm, takeOrders } from './ordered-npm.ts';

/** A fenced block of shell commands in a document. */
export interface Block {
  readonly document: string;
  /** Where its first command is. */
  readonly line: number;
  /** The text of the heading above it. */
  readonly section: string;
  /** `local`: runs anywhere, and a test runs it. `fill`: values for the others. `aws`: needs an account. */
  readonly kind: string;
  readonly text: string;
}

/** The shell blocks of a document in their order. A block may be indented, as in a list. */
export function shellBlocks(document: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let open: { indent: string; kind: string; line: number; lines: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, indent = '', info = ''] = /^(\s*)```(.*)$/.exec(text) ?? [];
    const isFence = /^\s*```/.test(text);
    if (open && isFence) {
      blocks.push({ document, section, kind: open.kind, line: open.line, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
    else if (isFence && /^sh\b/.test(info))
      open = { indent, kind: info.slice(2).trim(), line: index + 2, lines: [] };
    else if (isFence) open = { indent, kind: 'other', line: index + 2, lines: [] };
    else section = /^#+ (.*)$/.exec(text)?.[1] ?? section;
  }
  return blocks.filter(({ kind }) => kind !== 'other');
}

/** The npm commands of a block: the script, and the options that are passed to it. */
export function npmCommands({ text }: Block): { script: string; options: string[] }[] {
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const [, script, rest = ''] = /(?:^|\s)npm run (?:-\S+ )*([\w:]+)(?: -- (.*))?/.exec(line) ?? [];
    const typed = rest.replaceAll(/"[^"]*"/g, '""').replace(/\s#.*/, '');
    return script ? [{ script, options: [...typed.matchAll(/--[a-z-]+/g)].map(([option]) => option) }] : [];
  });
}

/** A terminal in which blocks are pasted one after the other: variables stay. */
export class Terminal {
  private readonly folder: string;
  private readonly state: string;
  private readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string, state: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.state = state;
    this.env = env;
  }

  static async open(folder: string, env: NodeJS.ProcessEnv): Promise<Terminal> {
    const state = join(folder, 'terminal');
    await writeFile(state, '');
    const programs = join(folder, 'bin');
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, 'npm'), orderingNpm, { mode: 0o755 });
    return new Terminal(folder, state, { ...env, PATH: `${programs}:${env.PATH}` });
  }

  /** Pastes lines. @throws when a command ends with another exit code than its line says */
  async paste(where: string, text: string): Promise<{ stdout: string; stderr: string }> {
    const script = [
      `set -aeu; . '${this.state}'`,
      ...text.split('\n').map(expecting),
      `export -p > '${this.state}'`,
    ].join('\n');
    using orders = await takeOrders(this.folder);
    const env = { ...this.env, ...orders.env };
    return await new Promise((resolve, reject) => {
      execFile('sh', ['-c', script], { cwd: paths.root, env }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${where} ended with ${error.code}:\n${text}\n${stdout}${stderr}`));
        else resolve({ stdout, stderr });
      });
    });
  }
}

/** A line that says that it ends with another exit code than 0 must. */
function expecting(line: string): string {
  const [, command, code] = /^(.*?)\s+# exit code (\d+): .*$/.exec(line) ?? [];
  if (!command || !code) return line;
  return `code=0; ${command} || code=$?; [ "$code" = ${code} ] || { echo "ended with $code: ${command.replaceAll(/["$`\\]/g, '')}" >&2; exit 99; }`;
}
