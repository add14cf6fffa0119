import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { AwsError } from '../aws-error.ts';
import { invalidParameter } from './message.ts';

export interface Topic {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Proves that whoever confirms has got the message; gone once it is confirmed. */
  readonly token?: string;
}

interface Content {
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly Subscription[];
}

/** Topics and who has subscribed to them, kept in a file. */
export class Directory {
  readonly #file: string;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, Subscription>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: string, { topics, subscriptions }: Content) {
    this.#file = file;
    for (const topic of topics) this.#topics.set(topic.arn, topic);
    for (const subscription of subscriptions) this.#subscriptions.set(subscription.arn, subscription);
  }

  static async open(file: string): Promise<Directory> {
    try {
      return new Directory(file, JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return new Directory(file, { topics: [], subscriptions: [] });
    }
  }

  topics(): Topic[] {
    return [...this.#topics.values()];
  }

  /** @throws AwsError NotFound */
  topic(arn: string | undefined): Topic {
    if (arn === undefined || !/^arn:aws:sns:[^:]*:\d*:.+$/.test(arn)) throw invalidParameter('TopicArn');
    const topic = this.#topics.get(arn);
    if (!topic) throw new AwsError('NotFound', 404, 'Topic does not exist');
    return topic;
  }

  /** Makes a topic, or changes its attributes. */
  async putTopic(topic: Topic): Promise<void> {
    this.#topics.set(topic.arn, topic);
    await this.#save();
  }

  async removeTopic(arn: string): Promise<void> {
    this.#topics.delete(arn);
    for (const { arn: each } of this.subscriptions(arn)) this.#subscriptions.delete(each);
    await this.#save();
  }

  /** All of them, or those of one topic. */
  subscriptions(topicArn?: string): Subscription[] {
    const all = [...this.#subscriptions.values()];
    return topicArn === undefined ? all : all.filter((each) => each.topicArn === topicArn);
  }

  /** @throws AwsError NotFound */
  subscription(arn: string | undefined): Subscription {
    const subscription = this.#subscriptions.get(arn ?? '');
    if (!subscription) throw new AwsError('NotFound', 404, 'Subscription does not exist');
    return subscription;
  }

  /** Subscribes an endpoint, once: subscribing again answers the subscription that is there. */
  async subscribe(
    wanted: Omit<Subscription, 'arn' | 'token'>,
    needsConfirmation: boolean,
  ): Promise<Subscription> {
    const { topicArn, protocol, endpoint } = wanted;
    const there = this.subscriptions(topicArn).find(
      (each) => each.protocol === protocol && each.endpoint === endpoint,
    );
    if (there) return there;
    const subscription: Subscription = {
      ...wanted,
      arn: `${topicArn}:${randomUUID()}`,
      ...(needsConfirmation && { token: randomBytes(32).toString('hex') }),
    };
    this.#subscriptions.set(subscription.arn, subscription);
    await this.#save();
    return subscription;
  }

  /** @throws AwsError InvalidParameter when nothing waits for this token */
  async confirm(topicArn: string, token: string | undefined): Promise<Subscription> {
    const pending = this.subscriptions(topicArn).find(
      (each) => each.token !== undefined && each.token === token,
    );
    if (!pending) throw invalidParameter('Token');
    const { token: _, ...confirmed } = pending;
    this.#subscriptions.set(confirmed.arn, confirmed);
    await this.#save();
    return confirmed;
  }

  async unsubscribe(arn: string): Promise<void> {
    this.#subscriptions.delete(arn);
    await this.#save();
  }

  async #save(): Promise<void> {
    const content: Content = { topics: this.topics(), subscriptions: this.subscriptions() };
    const draft = `${this.#file}.draft`;
    // One after the other: two drafts at once would be one broken file. One that has failed ends none of the others.
    const before = this.#saving.catch(() => {});
    this.#saving = before.then(async () => {
      await writeFile(draft, JSON.stringify(content));
      await rename(draft, this.#file);
    });
    await this.#saving;
  }
}
