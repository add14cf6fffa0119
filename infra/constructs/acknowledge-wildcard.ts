import { Stack, Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Gives the reason why a policy's resource ends with a wildcard. The rule needs the resource spelled as in the template. A
 * resource of another stack has no spelling until synthesis has connected the stacks.
 * @param owner the policy, or the role that it belongs to
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

/** Spells a resource as cdk-nag does: attributes and pseudo parameters in angle brackets, other functions as JSON. */
function spelled(owner: IConstruct, resource: string): string {
  const resolved: unknown = Stack.of(owner).resolve(resource);
  const parts = isJoin(resolved) ? resolved['Fn::Join'][1] : [resolved];
  return parts.map((part) => (typeof part === 'string' ? part : attributeOf(part))).join('');
}

function attributeOf(part: unknown): string {
  const { 'Fn::GetAtt': attribute, Ref } = part as { 'Fn::GetAtt'?: [string, string]; Ref?: string };
  if (Ref?.startsWith('AWS::')) return `<${Ref}>`;
  return attribute ? `<${attribute.join('.')}>` : JSON.stringify(part);
}

function isJoin(value: unknown): value is { 'Fn::Join': [string, unknown[]] } {
  return !Token.isUnresolved(value) && typeof value === 'object' && value !== null && 'Fn::Join' in value;
}
