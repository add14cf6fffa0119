import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Where things are in this checkout, wherever the command was started. */
export const paths = {
  root: at(''),
  migrations: at('sql/migrations'),
  functions: at('functions'),
  api: at('functions/api'),
  /** Where the local platform keeps its data when it is not told another place. */
  data: at('.stockade'),
} as const;
