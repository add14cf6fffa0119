import { join, relative } from 'node:path';
import { Errors } from 'aws-cdk-lib';
import { routes } from '#functions/routes.ts';
import cliSettings from '../cdk.json' with { type: 'json' };
import { projectRoot } from './constructs/bundle.ts';
import { readCommandLine } from './settings/command-line.ts';
import { ConfigurationError } from './settings/configuration-error.ts';
import { placeholderDatabase } from './settings/database-target.ts';
import { type StockadeApp, stockadeApp } from './stockade-app.ts';

/** The CDK CLI runs this file too (cdk.json). It chooses the output folder and prints its own summary. */
const outdirOfCli = process.env.CDK_OUTDIR;

try {
  const startedAtMs = performance.now();
  const typed = readCommandLine(process.argv.slice(2));
  const stockade = stockadeApp({
    outdir: outdirOfCli ?? typed.output ?? join(projectRoot, 'cdk.out'),
    // As with the CLI, the command line overrides the context of cdk.json.
    context: { ...cliSettings.context, ...typed.context },
  });
  stockade.app.synth();
  const { duration: tookMs } = performance.measure('synthesis', { start: startedAtMs });
  if (outdirOfCli === undefined) process.stdout.write(summary(stockade, tookMs));
} catch (error) {
  // Wrong input and refused templates explain themselves. Every other error is a bug and needs its stack.
  if (!(error instanceof ConfigurationError || Errors.isConstructError(error))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
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
