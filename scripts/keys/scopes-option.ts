import { InvalidArgumentError } from 'commander';
import { type Scope, scopes } from '#tenancy/credentials/api-keys.ts';
import type { Option } from '../cli/option.ts';

/** Scopes as the user types them: `read,write`. */
export const scopesOption: Option<readonly Scope[]> = {
  description: `what the key may do: ${scopes.join(', ')}, separated by commas`,
  placeholder: '<scopes>',
  required: true,
  parse(typed) {
    const named = typed.split(',').map((each) => scopes.find((scope) => scope === each.trim()));
    const known = named.filter((scope) => scope !== undefined);
    if (known.length !== named.length)
      throw new InvalidArgumentError(`It must be one or more of ${scopes.join(', ')}, such as read,write.`);
    return [...new Set(known)];
  },
};
