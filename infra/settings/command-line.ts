import { parseArgs } from 'node:util';
import { ConfigurationError } from './configuration-error.ts';

/** The arguments after `npm run synth --`. */
export interface CommandLine {
  readonly context: Readonly<Record<string, string>>;
  /** The output folder. Undefined when it is not given. */
  readonly output: string | undefined;
}

/**
 * The two options of the CDK CLI that make sense without it, with the same spelling.
 * @throws ConfigurationError when there are other arguments
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { context, output } = parsed(args);
  return { context: Object.fromEntries(context.map(keyAndValue)), output };
}

function parsed(args: readonly string[]): { context: string[]; output?: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        output: { type: 'string', short: 'o' },
      },
    }).values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${problem}\nUsage: npm run synth -- [-c key=value]… [-o folder]`);
  }
}

function keyAndValue(argument: string): [key: string, value: string] {
  const [key, ...rest] = argument.split('=');
  if (key && rest.length > 0) return [key, rest.join('=')];
  throw new ConfigurationError(`-c ${argument} is not of the form -c key=value`);
}
