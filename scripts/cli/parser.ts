import { Argument, Command, Option as CommanderOption, InvalidArgumentError } from 'commander';
import { UsageError } from './failure.ts';
import { formatDuration, type Option } from './option.ts';

export type Options = Readonly<Record<string, Option<unknown>>>;

/** The interface of a command: its name, its options and its help. */
export interface CommandForm {
  /** The name of the npm script, such as `org:create`. */
  readonly name: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** What you should know before you run it. */
  readonly description?: string;
  readonly options?: Options;
  readonly arguments?: Options;
  /** What you type after the command's name, and what that does. */
  readonly examples: readonly { readonly type: string; readonly does: string }[];
}

/** What the user typed, by the key of each option. */
export interface Typed {
  readonly options: Record<string, unknown>;
  readonly arguments: Record<string, unknown>;
}

/**
 * Reads the command line, and prints help when the user asks for it.
 * @throws CommanderError (exit code 0 after help) or UsageError when the command line is wrong
 */
export function parseCommandLine(form: CommandForm): Typed {
  const parser = buildParser(form);
  parser.parse();
  refuseOptionsThatNpmTook(form);
  return {
    options: readOptions(parser, form.options ?? {}),
    arguments: readArguments(parser, form.arguments ?? {}),
  };
}

/** How a user types a command: `npm start --`, `npm run org:create --`. */
export function typedName(name: string): string {
  return name === 'start' || name === 'test' ? `npm ${name} --` : `npm run ${name} --`;
}

/** What was typed before a lone `--`. */
export function argumentsBeforeDashes(): string[] {
  const typed = process.argv.slice(2);
  const dashes = typed.indexOf('--');
  return dashes < 0 ? typed : typed.slice(0, dashes);
}

function buildParser(form: CommandForm): Command {
  const typed = typedName(form.name);
  const parser = new Command(typed)
    .description([form.summary, form.description].filter(Boolean).join('\n\n'))
    .configureOutput({ writeErr: () => {} })
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .allowExcessArguments(false);
  for (const [key, given] of Object.entries(form.arguments ?? {}))
    parser.addArgument(buildArgument(key, given));
  for (const [key, given] of Object.entries(form.options ?? {})) parser.addOption(buildOption(key, given));
  parser.option('--json', 'print the answer as JSON; npm --silent hides the output of npm itself');
  const examples = form.examples.map(
    ({ type, does }) => `  ${`${typed} ${type}`.replace(/ -- *$/, '')}\n      ${does}`,
  );
  return parser.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
}

function buildArgument(key: string, given: Option<unknown>): Argument {
  const name = given.isList ? `${kebab(key)}...` : kebab(key);
  const argument = new Argument(given.required ? `<${name}>` : `[${name}]`, given.description);
  if (given.parse) argument.argParser(given.parse);
  return given.default === undefined ? argument : argument.default(given.default);
}

function buildOption(key: string, given: Option<unknown>): CommanderOption {
  const option = new CommanderOption(
    [`--${flagOf(key, given)}`, given.placeholder].filter(Boolean).join(' '),
    given.description,
  );
  if (given.parse) option.argParser(given.isList ? given.parse : onlyOnce(given.parse));
  if (given.required) option.makeOptionMandatory();
  // The help shows no default for a switch or an empty list; readOptions supplies it.
  if (given.default === undefined || Array.isArray(given.default) || !given.placeholder) return option;
  const isDuration = given.placeholder === '<duration>';
  return option.default(given.default, isDuration ? formatDuration(Number(given.default)) : undefined);
}

/** Of `--org acme --org globex`, the first one would be left out without a word. */
function onlyOnce(parse: NonNullable<Option<unknown>['parse']>) {
  let isGiven = false;
  return (text: string) => {
    if (isGiven) throw new InvalidArgumentError('The option is given twice: give it once.');
    isGiven = true;
    return parse(text);
  };
}

function readOptions(parser: Command, options: Options): Record<string, unknown> {
  const values = parser.opts();
  return Object.fromEntries(
    Object.entries(options).map(([key, given]) => {
      const attribute = new CommanderOption(`--${flagOf(key, given)}`).attributeName();
      return [key, values[attribute] ?? given.default];
    }),
  );
}

function readArguments(parser: Command, given: Options): Record<string, unknown> {
  return Object.fromEntries(Object.keys(given).map((key, index) => [key, parser.processedArgs[index]]));
}

/**
 * `npm run migrate:all --dry-run` without `--` gives the option to npm, and the command would run for real. npm sets an
 * environment variable for the option: that shows the mistake.
 */
function refuseOptionsThatNpmTook(form: CommandForm): void {
  const flags = Object.entries(form.options ?? {}).map(([key, given]) => flagOf(key, given));
  const typed = argumentsBeforeDashes().map((argument) => argument.split('=')[0]);
  const taken = flags.find((flag) => isTakenByNpm(flag) && !typed.includes(`--${flag}`));
  if (!taken) return;
  throw new UsageError(
    `npm took --${taken} as an option of its own`,
    `Put -- before the options: ${typedName(form.name)} --${taken} …`,
  );
}

/** npm makes `schedules=` of `--no-schedules`, and `flag=` of `flag=false` in a user's .npmrc, which means no flag of ours. */
function isTakenByNpm(flag: string): boolean {
  const kept = (name: string) => process.env[`npm_config_${name.replaceAll('-', '_')}`];
  return flag.startsWith('no-') ? kept(flag.slice('no-'.length)) === '' : Boolean(kept(flag));
}

function flagOf(key: string, given: Option<unknown>): string {
  return given.flag ?? kebab(key);
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
