import { type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { FunctionNetwork } from './lambda-function.ts';

/**
 * Lets functions leave the network over HTTPS only, for functions that call another service besides the database.
 * A security group only permits. The subnets also need a route: a NAT gateway or VPC endpoints.
 */
export class HttpsEgress extends Construct {
  private readonly securityGroup: ISecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    { network, description }: { network: FunctionNetwork; description: string },
  ) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'Callers', {
      vpc: network.vpc,
      description,
      allowAllOutbound: false,
    });
    securityGroup.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'HTTPS');
    this.securityGroup = securityGroup;
  }

  /** The same network, with HTTPS out of it. */
  from(network: FunctionNetwork): FunctionNetwork {
    return { ...network, securityGroups: [...network.securityGroups, this.securityGroup] };
  }
}
