import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environment } from '#platform/environment.ts';
import type { TokenTrust } from '../settings/identity.ts';
import { PassKey, type PassKeyProps } from './at-deploy/pass-key.ts';
import { HttpsEgress } from './https-egress.ts';
import type { FunctionNetwork } from './lambda-function.ts';

export interface TokenVerificationProps extends PassKeyProps {
  readonly trust: TokenTrust;
}

/** What functions need to accept the users of an issuer: its name, access to its keys, and a key for passes. */
export class TokenVerification extends Construct {
  /** The network that a function must run in to reach the database and the issuer. */
  readonly network: FunctionNetwork;
  private readonly trust: TokenTrust;
  private readonly passKey: PassKey;

  constructor(scope: Construct, id: string, props: TokenVerificationProps) {
    super(scope, id);
    const { network } = props.database;
    this.trust = props.trust;
    this.network = new HttpsEgress(this, 'Issuer', {
      network,
      description: 'Functions that fetch the keys of the token issuer',
    }).from(network);
    this.passKey = new PassKey(this, 'PassKey', props);
  }

  /** Lets a function in this construct's network verify tokens and create passes for their users. */
  grantVerify(fn: Lambda): void {
    const { issuer, audience, jwksUri } = this.trust;
    fn.addEnvironment(environment.jwtIssuer, issuer);
    fn.addEnvironment(environment.jwtAudience, audience);
    if (jwksUri !== undefined) fn.addEnvironment(environment.jwtJwksUri, jwksUri);
    this.passKey.grantMint(fn);
  }
}
