import { type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { FunctionNetwork } from './lambda-function.ts';

/**
 * The way out of the network over HTTPS, and no other port, for functions that have to ask somebody besides the database.
 * A security group only permits: the subnets themselves need a route, through a NAT gateway or endpoints of the VPC.
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

  /** The same place in the network, with this way out. */
  from(network: FunctionNetwork): FunctionNetwork {
    return { ...network, securityGroups: [...network.securityGroups, this.securityGroup] };
  }
}
