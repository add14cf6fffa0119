import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Errors } from 'aws-cdk-lib';
import { routes } from '#functions/routes.ts';
import cliSettings from '../cdk.json' with { type: 'json' };
import { ConfigurationError } from './configuration-error.ts';
import { projectRoot } from './constructs/bundle.ts';
import { placeholderDatabase } from './database-target.ts';
import { type StockadeApp, stockadeApp } from './stockade-app.ts';

/** The CDK CLI runs this file too (cdk.json): it names the output folder itself and prints its own account. */
const outdirOfCli = process.env.CDK_OUTDIR;

try {
  const startedAtMs = performance.now();
  const { context, output } = commandLine();
  const stockade = stockadeApp({ outdir: outdirOfCli ?? output, context });
  stockade.app.synth();
  if (outdirOfCli === undefined) process.stdout.write(summary(stockade, performance.now() - startedAtMs));
} catch (error) {
  // Wrong input and refused templates explain themselves; anything else is a bug and needs its stack.
  if (!(error instanceof ConfigurationError || Errors.isConstructError(error))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/**
 * The two options of the CDK CLI that mean something without it, spelled as it spells them.
 * As with the CLI, the context of cdk.json counts where the command line says nothing.
 */
function commandLine(): { context: Record<string, unknown>; output: string } {
  const { context, output } = parsed();
  return { context: { ...cliSettings.context, ...Object.fromEntries(context.map(keyAndValue)) }, output };
}

function parsed(): { context: string[]; output: string } {
  try {
    return parseArgs({
      options: {
        context: { type: 'string', short: 'c', multiple: true, default: [] },
        output: { type: 'string', short: 'o', default: join(projectRoot, 'cdk.out') },
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

function summary(stockade: StockadeApp, tookMs: number): string {
  const { api, jobs, data, monitoring, app, stage, database } = stockade;
  const templates = [data, api, jobs, monitoring].map(({ templateFile }) =>
    relative(process.cwd(), join(app.outdir, templateFile)),
  );
  return `Synthesized stage ${stage.name} in ${(tookMs / 1000).toFixed(1)} s
  functions  ${api.functions.size} (${[...api.functions.keys()].join(', ')})
  routes     ${routes.length}
  jobs       ${jobs.jobs.length} (${jobs.jobs.map(({ name }) => name).join(', ')})
  database   ${database.host}${database === placeholderDatabase ? ' (a placeholder)' : ''}
  templates  ${templates.join('\n             ')}
`;
}
