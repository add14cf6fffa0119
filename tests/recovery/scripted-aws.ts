import { afterAll, beforeAll, beforeEach } from 'vitest';
import { closeAwsClients } from '#platform/aws/call.ts';
import { AwsError } from '#scripts/local/aws/aws-error.ts';
import type { Faults } from '#scripts/local/aws/faults.ts';
import type { QueryParameters } from '#scripts/local/aws/query-parameters.ts';
import { type Action, startQueryService } from '#scripts/local/aws/query-service.ts';
import type { XmlElements } from '#scripts/local/aws/xml.ts';

/** One call of AWS. */
export interface Asked {
  readonly action: string;
  readonly region: string;
  readonly parameters: QueryParameters;
}

/** The next answer or refusal of AWS. A function gets the parameters, and may do something meanwhile. */
export type Scripted = XmlElements | AwsError | Action;

/** An RDS or an SNS that gives the real SDK the answers of a test, and refuses every other call. */
export interface ScriptedAws {
  readonly faults: Pick<Faults, 'inject'>;
  /** Sets the answers to an action, one after the other. The last one is repeated. */
  answer(action: string, ...answers: readonly Scripted[]): void;
  /** The calls since the test began, in order. */
  asked(): readonly Asked[];
  /** The names of these calls. */
  actions(): readonly string[];
}

const services = {
  rds: { variable: 'AWS_ENDPOINT_URL_RDS', namespace: 'http://rds.amazonaws.com/doc/2014-10-31/' },
  sns: { variable: 'AWS_ENDPOINT_URL_SNS', namespace: 'http://sns.amazonaws.com/doc/2010-03-31/' },
} as const;

export function openScripted(name: keyof typeof services): ScriptedAws {
  const { variable, namespace } = services[name];
  const key = { accessKeyId: 'AKIASCRIPTED', secretAccessKey: 'scripted' };
  const answers = new Map<string, Scripted[]>();
  const asked: Asked[] = [];
  let service: Awaited<ReturnType<typeof startQueryService>>;

  const actions = new Proxy<Record<string, Action>>(
    {},
    {
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true }),
      get: (_, action: string) => (parameters: QueryParameters, region: string) => {
        asked.push({ action, region, parameters });
        const left = answers.get(action);
        const next = left && left.length > 1 ? left.shift() : left?.[0];
        if (!next) throw new AwsError('Unscripted', 400, `nobody expected ${action}`);
        if (next instanceof AwsError) throw next;
        return typeof next === 'function' ? next(parameters, region) : next;
      },
    },
  );

  beforeAll(async () => {
    process.env.AWS_REGION ??= 'eu-central-1';
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env;
    const used = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : key;
    process.env.AWS_ACCESS_KEY_ID = used.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = used.secretAccessKey;
    service = await startQueryService({ name, namespace, key: used, actions });
    process.env[variable] = service.url;
    closeAwsClients();
  });
  beforeEach(() => {
    service.faults.clear();
    answers.clear();
    asked.length = 0;
  });
  afterAll(async () => {
    closeAwsClients();
    await service?.close();
  });

  return {
    get faults() {
      return service.faults;
    },
    answer: (action, ...given) => void answers.set(action, [...given]),
    asked: () => [...asked],
    actions: () => asked.map(({ action }) => action),
  };
}

/** A refusal in the words of RDS. */
export function refused(code: string, message = 'no', status = 400): AwsError {
  return new AwsError(code, status, message);
}
