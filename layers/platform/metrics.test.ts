import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { environment } from './environment.ts';

let written: string[];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Loads the module again, as a function of this stage would. */
async function load(stage = 'prod') {
  vi.resetModules();
  vi.stubEnv(environment.stage, stage);
  return await import('./metrics.ts');
}

const lines = () => written.map((text) => JSON.parse(text));
const metric = (Name: string, Unit: string, value: number) => ({
  _aws: {
    Timestamp: expect.any(Number),
    CloudWatchMetrics: [
      { Namespace: 'Stockade', Dimensions: [['service', 'stage']], Metrics: [{ Name, Unit }] },
    ],
  },
  service: 'stockade',
  stage: 'prod',
  [Name]: value,
});

test('an event is written at once, with its metadata beside the dimensions and not among them', async () => {
  const { count } = await load();
  count('OrganizationMismatch', { organization: 'acme', actor: 'key:a' });
  expect(lines()).toEqual([
    { ...metric('OrganizationMismatch', 'Count', 1), organization: 'acme', actor: 'key:a' },
  ]);
});

test('metadata of one event does not appear in another; every event and figure has its own line', async () => {
  const { count, measure } = await load();
  count('OrganizationMismatch', { organization: 'acme' });
  count('OrganizationMismatch');
  measure('KeysChecked', 0);
  measure('KeysChecked', 7);
  expect(lines()).toEqual([
    { ...metric('OrganizationMismatch', 'Count', 1), organization: 'acme' },
    metric('OrganizationMismatch', 'Count', 1),
    metric('KeysChecked', 'Count', 0),
    metric('KeysChecked', 'Count', 7),
  ]);
});

test.each([
  ['ReconciliationHeartbeat', 'Count'],
  ['KeysChecked', 'Count'],
  ['BalancesCorrected', 'Count'],
  ['DiscrepanciesAlerted', 'Count'],
  ['ReconciliationFailures', 'Count'],
  ['ReconciliationDurationMs', 'Milliseconds'],
  ['ReconciliationLagSeconds', 'Seconds'],
  ['BackupMonitorHeartbeat', 'Count'],
  ['BackupChecksFailing', 'Count'],
  ['BackupChecksBlind', 'Count'],
  ['BackupChecksWarning', 'Count'],
] as const)('%s is measured in %s', async (figure, unit) => {
  const { measure } = await load();
  measure(figure, 1.5);
  expect(lines()).toEqual([metric(figure, unit, 1.5)]);
});

test('without a stage the dimension is left out', async () => {
  const { count } = await load('');
  count('OrganizationMismatch');
  expect(lines()).toMatchObject([{ _aws: { CloudWatchMetrics: [{ Dimensions: [['service']] }] } }]);
  expect(lines()[0]).not.toHaveProperty('stage');
});
