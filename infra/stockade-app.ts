import { App, Validations } from 'aws-cdk-lib';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import { alertEmails } from './settings/alert-emails.ts';
import { backupTarget } from './settings/backup-target.ts';
import { type StageConfig, stageConfig } from './settings/config.ts';
import { type DatabaseTarget, databaseTarget } from './settings/database-target.ts';
import { identity } from './settings/identity.ts';
import { ApiStack } from './stacks/api-stack.ts';
import { DataStack } from './stacks/data-stack.ts';
import { JobsStack } from './stacks/jobs-stack.ts';
import { MonitoringStack } from './stacks/monitoring-stack.ts';

export interface StockadeAppOptions {
  /** The output folder. Leave it out under the CDK CLI: the CLI decides. */
  readonly outdir?: string;
  /** Context values, as in `-c key=value`. Values from the CDK CLI override them. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The app before synthesis, and the facts for its summary. */
export interface StockadeApp {
  readonly app: App;
  readonly stage: StageConfig;
  readonly database: DatabaseTarget;
  readonly api: ApiStack;
  readonly data: DataStack;
  readonly jobs: JobsStack;
  readonly monitoring: MonitoringStack;
}

/**
 * Builds the stacks of one stage. Synthesis applies every AwsSolutions rule.
 * It needs no account and no network: the deploy provides account and region.
 * @throws ConfigurationError when the stage is unknown, or its database or issuer is not described
 */
export function stockadeApp(options: StockadeAppOptions = {}): StockadeApp {
  const app = new App({
    outdir: options.outdir,
    // Set here and not in cdk.json, so that the template is the same with and without the CDK CLI.
    context: { ...recommendedFeatureFlags, ...options.context },
    analyticsReporting: false,
  });
  const context = (key: string): unknown => app.node.tryGetContext(key);
  const stage = stageConfig(context('stage'));
  const database = databaseTarget(stage.name, context);
  const data = new DataStack(app, `stockade-${stage.name}-data`, {
    stage,
    alertEmails: alertEmails(context),
  });
  const api = new ApiStack(app, `stockade-${stage.name}-api`, {
    stage,
    database,
    identity: identity(context),
    data,
  });
  const jobs = new JobsStack(app, `stockade-${stage.name}-jobs`, {
    stage,
    database,
    data,
    backups: backupTarget(stage.name, context),
  });
  // The migration is in the stack of the jobs: the API must not serve a release before its schema is there.
  api.addStackDependency(jobs, 'the migration runs first');
  const monitoring = new MonitoringStack(app, `stockade-${stage.name}-monitoring`, {
    stage,
    data,
    api,
    jobs,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { app, stage, database, api, data, jobs, monitoring };
}
