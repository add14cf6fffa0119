import { environment } from '#platform/environment.ts';
import * as option from './option.ts';

/** The `<env>` part of the keys that commands create. The functions accept only keys of their own environment. */
export const keyEnvironmentOption = () => ({
  keyEnvironment: option.text({
    description: `the <env> part of the key, sk_<env>_… (default from ${environment.keyEnvironment})`,
    placeholder: 'env',
    pattern: /^[a-z]{1,16}$/,
    expected: 'It must be 1 to 16 lower-case letters, the same as in the configuration of the functions.',
    default: process.env[environment.keyEnvironment] ?? 'live',
  }),
});
