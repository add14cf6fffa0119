import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says why a policy's resource ends with a wildcard. The rule wants the resource itself, spelled as the template spells it,
 * and a resource of another stack is not spelled before synthesis has connected the stacks.
 * @param owner the policy, or the role that it is of
 */
export function acknowledgeWildcard(owner: IConstruct, resource: string, reason: string): void {
  owner.node.addValidation({
    validate: () => {
      Validations.of(owner).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${spelled(owner, resource)}]`,
        reason,
      });
      return [];
    },
  });
}

/** As cdk-nag spells it: attributes in angle brackets, other functions as JSON. */
function spelled(owner: IConstruct, resource: string): string {
  const resolved: unknown = Stack.of(owner).resolve(resource);
  const parts = isJoin(resolved) ? resolved['Fn::Join'][1] : [resolved];
  return parts.map((part) => (typeof part === 'string' ? part : attributeOf(part))).join('');
}

function attributeOf(part: unknown): string {
  const { 'Fn::GetAtt': attribute } = part as { 'Fn::GetAtt'?: [string, string] };
  return attribute ? `<${attribute.join('.')}>` : JSON.stringify(part);
}

function isJoin(value: unknown): value is { 'Fn::Join': [string, unknown[]] } {
  return !Token.isUnresolved(value) && typeof value === 'object' && value !== null && 'Fn::Join' in value;
}
