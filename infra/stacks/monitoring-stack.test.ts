import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { environment } from '#platform/environment.ts';
import { projectRoot } from '../constructs/bundle.ts';
import { prodContext, reviewable, unbundledApps } from '../unbundled-apps.ts';

const { monitoring, jobs } = unbundledApps()(prodContext);
const template = Template.fromStack(monitoring);
const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
  ({ Properties }) => Properties,
);

test('the template is the reviewed one', async () => {
  await expect(reviewable(template.toJSON())).toMatchFileSnapshot('./monitoring-stack.prod.snap');
});

test.each(alarms.map((alarm) => [alarm.AlarmName, alarm] as const))(
  '%s has a severity, notifies when it begins and ends, and has a runbook page',
  (name, { AlarmDescription, AlarmActions, OKActions }) => {
    expect(name).toMatch(/^stockade-prod-[a-z-]+$/);
    const [, runbook = ''] =
      /^(?:critical|warning): .+\. Runbook: (docs\/runbook\/[a-z-]+\.md)$/.exec(AlarmDescription) ?? [];
    expect(readFileSync(join(projectRoot, runbook), 'utf8')).toContain('\n## What to do\n');
    expect(AlarmActions).toHaveLength(1);
    expect(JSON.stringify(AlarmActions)).toContain('AlertsTopic');
    expect(OKActions).toEqual(AlarmActions);
  },
);

test('every job is watched: failures, throttles, dead letters, silence', () => {
  const names = alarms.map(({ AlarmName }) => AlarmName);
  for (const { name } of jobs.jobs) {
    for (const what of ['errors', 'throttles', 'dead-letters', 'silent']) {
      expect(names).toContain(`stockade-prod-${name}-${what}`);
    }
  }
});

test('missing data is good where it means that nothing happened, and alarming for a heartbeat', () => {
  for (const { AlarmName, TreatMissingData, ComparisonOperator, EvaluationPeriods, Period } of alarms) {
    const isHeartbeat = AlarmName.endsWith('-silent');
    expect([AlarmName, TreatMissingData]).toEqual([AlarmName, isHeartbeat ? 'breaching' : 'notBreaching']);
    expect([AlarmName, ComparisonOperator]).toEqual([
      AlarmName,
      isHeartbeat ? 'LessThanThreshold' : 'GreaterThanOrEqualToThreshold',
    ]);
    // CloudWatch looks back a day, or a week if the period is an hour or longer.
    expect(EvaluationPeriods * Period).toBeLessThanOrEqual(Period >= 3600 ? 7 * 86_400 : 86_400);
  }
});

test('alarms use the names and dimensions that functions count', () => {
  const counted = alarms.filter(({ Namespace }) => Namespace === 'Stockade');
  expect(counted.map(({ MetricName }) => MetricName)).toEqual([
    'OrganizationMismatch',
    'LoginChanged',
    'ReconciliationHeartbeat',
    'BackupMonitorHeartbeat',
  ]);
  for (const { MetricName, Dimensions } of counted) {
    const call = MetricName.endsWith('Heartbeat') ? 'measure' : 'count';
    const program = `import { ${call} } from '#platform/metrics.ts'; ${call}('${MetricName}'${call === 'measure' ? ', 1' : ''})`;
    const line = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: projectRoot,
      env: { [environment.stage]: 'prod' },
      encoding: 'utf8',
    });
    const written = JSON.parse(line);
    expect(written._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'Stockade',
        Dimensions: [Dimensions.map(({ Name }: { Name: string }) => Name)],
        Metrics: [{ Name: MetricName, Unit: 'Count' }],
      },
    ]);
    for (const { Name, Value } of Dimensions) expect(written[Name]).toBe(Value);
  }
});
