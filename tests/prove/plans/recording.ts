import { open, stat } from 'node:fs/promises';
import { escapeIdentifier } from 'pg';
import { asSuperuser } from '../clone.ts';
import type { PlanNode } from './plan-tree.ts';

/** A statement that a session has run, also within a function or a trigger, with the plan that it ran by. */
export interface RunStatement {
  /** The role that logged in. */
  readonly login: string;
  /** Blanks and line breaks are one blank each. */
  readonly text: string;
  /** The function that ran it; undefined when a client sent it. */
  readonly within: string | undefined;
  readonly plan: PlanNode;
}

/** The plans of a database, in the log of its server. */
export interface Recording {
  /** The statements that have been run since the last call. */
  take(): Promise<RunStatement[]>;
}

/**
 * auto_explain writes the plan by which a statement was run. What is explained beforehand may have another plan: within a
 * function, that depends on how often the session has run it.
 */
const settings = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_format': 'json',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_buffers': 'on',
};

/** Records the plans of all sessions of a database that begin from here on. */
export async function recordPlans(adminUrl: string, logFile: string): Promise<Recording> {
  const database = new URL(adminUrl).pathname.slice(1);
  await asSuperuser(adminUrl, async (superuser) => {
    // A library must be loaded before Postgres accepts its settings.
    await superuser.query("load 'auto_explain'");
    for (const [name, value] of Object.entries(settings))
      await superuser.query(`alter database ${escapeIdentifier(database)} set ${name} = '${value}'`);
  });
  let position = (await stat(logFile)).size;
  return {
    async take() {
      const added = await readFrom(logFile, position);
      // A line that is not finished yet belongs to another database: the sessions of this one have answered.
      const complete = added.subarray(0, added.lastIndexOf('\n') + 1);
      position += complete.length;
      return [...statementsIn(complete.toString(), database)];
    },
  };
}

async function readFrom(file: string, position: number): Promise<Buffer> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const buffer = Buffer.alloc(Math.max(0, size - position));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
  return buffer.subarray(0, bytesRead);
}

/** The beginning of a message: `log_line_prefix`, and its level. Further lines begin with a tab. */
const message = /^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] (?:(\w+)@(\S+) )?([A-Z]+): {2}/;

function* statementsIn(log: string, database: string): Generator<RunStatement> {
  const messages: { login: string; level: string; text: string }[] = [];
  for (const line of log.split('\n')) {
    const begun = message.exec(line);
    if (begun) {
      const isOurs = begun[2] === database;
      messages.push({
        login: isOurs ? (begun[1] ?? '') : '',
        level: begun[3] ?? '',
        text: line.slice(begun[0].length),
      });
    } else if (messages.length > 0) {
      const last = messages.at(-1);
      if (last && last.login !== '') last.text += `\n${line.replace(/^\t/, '')}`;
    }
  }
  const ours = messages.filter(({ login }) => login !== '');
  for (const [index, { login, level, text }] of ours.entries()) {
    const planned = /^duration: [\d.]+ ms {2}plan:\n/.exec(text);
    if (level !== 'LOG' || !planned) continue;
    const { 'Query Text': query, Plan: plan } = JSON.parse(text.slice(planned[0].length));
    const next = ours[index + 1];
    const context = next?.level === 'CONTEXT' ? next.text : '';
    yield {
      login,
      text: query.trim().replaceAll(/\s+/g, ' '),
      within: /(?:PL\/pgSQL|SQL) function (?:"?)([\w.]+)/.exec(context)?.[1],
      plan,
    };
  }
}
