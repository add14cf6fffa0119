import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Schedule, ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Schedule as ScheduleLine } from '#functions/schedules.ts';
import type { FunctionSize, StageConfig } from '../settings/config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { type FunctionNetwork, LambdaFunction } from './lambda-function.ts';

export interface ScheduledJobProps {
  readonly stage: StageConfig;
  /** Its line in the schedule table. */
  readonly schedule: ScheduleLine;
  readonly size: FunctionSize;
  readonly network: FunctionNetwork | undefined;
  /** Folders that it reads, from the project's root. */
  readonly folders?: readonly string[];
}

/**
 * A function that runs on a schedule. Each run does all the work that is due, so a run that is lost, runs twice or dies
 * half-way costs only time. A failed run is kept in a dead-letter queue, which raises an alarm.
 */
export class ScheduledJob extends Construct {
  readonly name: string;
  readonly silentAfterHours: number;
  readonly function: Lambda;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: ScheduledJobProps) {
    super(scope, id);
    const { stage, schedule, size, network } = props;
    this.name = schedule.job;
    this.silentAfterHours = schedule.silentAfterHours;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is a dead-letter queue: only people take messages from it.',
    });
    this.function = new LambdaFunction(this, 'Job', {
      stage,
      entry: `functions/jobs/${schedule.job}.lambda.ts`,
      description: `Stockade ${stage.name}: ${schedule.does}`,
      size,
      folders: props.folders,
      ...(network && { network }),
    }).function;
    // The scheduler only starts the run. Lambda keeps the runs that fail.
    this.function.configureAsyncInvoke({
      maxEventAge: Duration.minutes(schedule.maxAgeMinutes),
      // The next run does what this run missed.
      retryAttempts: 0,
      onFailure: new SqsDestination(this.deadLetters),
    });
    new Schedule(this, 'Schedule', {
      description: `Stockade ${stage.name}: ${schedule.job}`,
      schedule: ScheduleExpression.expression(schedule.expression),
      timeWindow: TimeWindow.flexible(Duration.minutes(schedule.flexibleMinutes)),
      target: new LambdaInvoke(this.function, {
        role: this.schedulerRole(),
        deadLetterQueue: this.deadLetters,
        retryAttempts: 3,
        maxEventAge: Duration.minutes(schedule.maxAgeMinutes),
      }),
    });
  }

  private schedulerRole(): Role {
    const role = new Role(this, 'SchedulerRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    acknowledgeWildcard(
      role,
      `${this.function.functionArn}:*`,
      'The schedule may invoke one function; the target includes its versions, but there are none.',
    );
    return role;
  }
}
