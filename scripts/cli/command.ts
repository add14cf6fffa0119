import { CommanderError } from 'commander';
import { printable } from '#platform/text/printable.ts';
import { describeFailure, type Failure, failureText, UsageError, withoutPasswords } from './failure.ts';
import type { Option } from './option.ts';
import {
  argumentsBeforeDashes,
  type CommandForm,
  type Options,
  parseCommandLine,
  typedName,
} from './parser.ts';
import { createProgress, type Progress, silentProgress } from './progress.ts';
import { interruptedExitCode, listenForStop } from './stop-signal.ts';

type Values<Given> = {
  readonly [Key in keyof Given]: Given[Key] extends Option<infer Value> ? Value : never;
};

/** The result of a command: text for people, JSON for programs that pass `--json`. */
export interface Answer {
  readonly text: string;
  readonly json: unknown;
  /**
   * The command worked, and the answer is no or some of its work is left: exit code 1, but no error message. The text says
   * what was done and what is left.
   */
  readonly failed?: boolean;
}

/** What `run` is given. */
export interface Context<GivenOptions, GivenArguments> {
  readonly options: Values<GivenOptions>;
  readonly arguments: Values<GivenArguments>;
  /** Aborted by the first Ctrl-C: finish the current step and return, or throw the signal's reason. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Prints one line on stderr while the command runs; nothing with `--json`. */
  readonly note: (line: string) => void;
}

/** A command as its file describes it. */
export interface CommandSpec<GivenOptions extends Options, GivenArguments extends Options>
  extends CommandForm {
  readonly options?: GivenOptions;
  readonly arguments?: GivenArguments;
  /** The command runs until it is stopped: Ctrl-C is its regular end, exit code 0. */
  readonly untilStopped?: boolean;
  /** Ctrl-C ends the current step too. */
  readonly endsAtOnce?: boolean;
  readonly run: (context: Context<GivenOptions, GivenArguments>) => Promise<Answer | undefined>;
}

/**
 * Runs one npm command: reads what was typed, runs it, prints the answer and sets the exit code.
 * Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted.
 * Every command has `--help` and `--json`. With `--json`, stdout holds only the answer, and errors are JSON too.
 *
 * @example
 * await command({
 *   name: 'org:create',
 *   summary: 'Creates an organization.',
 *   options: { slug: option.text({ description: 'its short name', required: true, placeholder: 'slug' }) },
 *   examples: [{ type: '--slug acme', does: 'creates the organization acme' }],
 *   run: async ({ options }) => ({ text: `Created ${options.slug}`, json: { slug: options.slug } }),
 * });
 */
export async function command<
  GivenOptions extends Options = Record<never, never>,
  GivenArguments extends Options = Record<never, never>,
>(spec: CommandSpec<GivenOptions, GivenArguments>): Promise<void> {
  endQuietlyWhenNobodyReads();
  const outlet = createOutlet(spec.name, argumentsBeforeDashes().includes('--json'));
  try {
    const typed = parseCommandLine(spec);
    process.exitCode = await runTyped(
      spec,
      typed as Pick<Context<GivenOptions, GivenArguments>, 'options' | 'arguments'>,
      outlet,
    );
  } catch (error) {
    process.exitCode = outlet.fail(error);
  }
}

async function runTyped<GivenOptions extends Options, GivenArguments extends Options>(
  spec: CommandSpec<GivenOptions, GivenArguments>,
  typed: Pick<Context<GivenOptions, GivenArguments>, 'options' | 'arguments'>,
  outlet: Outlet,
): Promise<number> {
  const { signal, stopListening } = listenForStop(() => {
    if (!spec.untilStopped && !spec.endsAtOnce)
      outlet.note('\nStopping after the current step; press Ctrl-C again to stop at once.');
  });
  try {
    const answer = await spec.run({ ...typed, signal, progress: outlet.progress, note: outlet.note });
    outlet.progress.stop();
    if (answer) outlet.print(answer);
    if (answer?.failed) return 1;
    return signal.aborted && !spec.untilStopped ? interruptedExitCode : 0;
  } catch (error) {
    outlet.progress.stop();
    if (!isAbortOf(signal, error)) throw error;
    return spec.untilStopped ? 0 : outlet.interrupted();
  } finally {
    stopListening();
  }
}

function isAbortOf(signal: AbortSignal, error: unknown): boolean {
  return signal.aborted && error instanceof Error && error.name === 'AbortError';
}

/** Where a command writes, as text or JSON: the answer to stdout, everything else to stderr. */
interface Outlet {
  readonly progress: Progress;
  readonly note: (line: string) => void;
  readonly print: (answer: Answer) => void;
  /** Prints a failure and returns its exit code. */
  readonly fail: (error: unknown) => number;
  readonly interrupted: () => number;
}

/** The colours of our own texts, and their ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const colours = /(\u001b\[(?:1|22|31|33|36|39)m)/;

/** Names, messages of other programs and answers of AWS may hold anything, and a terminal obeys control characters. */
function shownText(text: string): string {
  return text
    .split(colours)
    .map((part, index) => (index % 2 ? part : printable(part)))
    .join('');
}

function createOutlet(name: string, wantsJson: boolean): Outlet {
  const printFailure = (failure: Failure) => {
    const shown = withoutPasswords(failure);
    write(process.stderr, wantsJson ? JSON.stringify({ error: shown }) : failureText(shown));
  };
  const write = (stream: NodeJS.WriteStream, text: string) => stream.write(`${shownText(text)}\n`);
  const progress = wantsJson ? silentProgress : createProgress();
  const note = (line: string) => {
    progress.clear();
    write(process.stderr, line);
  };
  return {
    progress,
    note: wantsJson ? () => {} : note,
    print: ({ text, json }) => void write(process.stdout, wantsJson ? JSON.stringify(json, null, 2) : text),
    fail: (error) => {
      const usage = describeUsage(error, name);
      if (usage !== 'help') printFailure(usage ?? describeFailure(error));
      return usage === 'help' ? 0 : usage ? 2 : 1;
    },
    interrupted: () => {
      printFailure({ message: 'interrupted', code: 'interrupted' });
      return interruptedExitCode;
    },
  };
}

/** A failure for a wrong command line, `help` when the user asked for help, undefined for every other error. */
function describeUsage(error: unknown, name: string): Failure | 'help' | undefined {
  if (error instanceof CommanderError && error.exitCode === 0) return 'help';
  if (!(error instanceof CommanderError || error instanceof UsageError)) return undefined;
  const own = error instanceof UsageError && error.remedy ? `${error.remedy}\n  ` : '';
  return {
    message: error.message.replace(/^error: /, ''),
    remedy: `${own}See ${typedName(name)} --help`,
    code: 'usage',
  };
}

/** `… | head` closes the pipe early. That is not a failure of the command. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
