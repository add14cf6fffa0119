import { environment } from './environment.ts';
import { MissingSetting } from './errors.ts';

/** How to reach the database: a whole URL, or an RDS endpoint with IAM authentication. */
export type DatabaseConfig = { readonly maxConnections: number } & (
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly name: string; readonly user: string }
);

/**
 * Reads the database settings.
 * @throws MissingSetting when neither the URL nor the endpoint is there, or a number is none
 */
export function databaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  const maxConnections = positiveInteger(env, environment.databaseMaxConnections, 1);
  const url = env[environment.databaseUrl];
  if (url) return { maxConnections, url };
  return {
    maxConnections,
    host: required(env, environment.databaseHost),
    port: positiveInteger(env, environment.databasePort, 5432),
    name: required(env, environment.databaseName),
    user: required(env, environment.databaseUser),
  };
}

/** The `<env>` part of API keys made and accepted here: `live` in production, `test` or the like elsewhere. */
export function keyEnvironment(env: NodeJS.ProcessEnv = process.env): string {
  return required(env, environment.keyEnvironment);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new MissingSetting(`${name} is not set: the stack sets it; locally \`npm start\` does`);
  return value;
}

function positiveInteger(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new MissingSetting(`${name} is "${text}": it must be a whole number of at least 1`);
  }
  return value;
}
