import { AwsError } from './aws-error.ts';
import { createFaults, type FaultWords, type MetFaults, type OwnFaultWords } from './faults.ts';
import { type AwsRequest, type AwsResponse, type ServedService, serveAws } from './http-service.ts';
import { QueryParameters } from './query-parameters.ts';
import { type AwsKey, type SignatureFault, signatureFault, signedRegion } from './signature.ts';
import { writeXml, type XmlElements } from './xml.ts';

/** Does one action and returns what its result holds; nothing for an action without a result. */
export type Action = (
  parameters: QueryParameters,
  /** The region that the caller has signed for. */
  region: string,
) => XmlElements | undefined | Promise<XmlElements | undefined>;

export interface QueryServiceOptions<Fault extends string = never> {
  /** As it is in the scope of signatures, such as `sns`. */
  readonly name: string;
  readonly namespace: string;
  readonly key: AwsKey;
  readonly actions: Readonly<Record<string, Action>>;
  /** How it says faults that only this service has; see `createFaults`. */
  readonly ownFaultWords?: OwnFaultWords<Fault>;
}

export interface ServedQueryService<Fault extends string = never> extends ServedService {
  readonly faults: MetFaults<Fault>;
}

const maxBodyBytes = 2_097_152;

/** Serves a service that speaks AWS's Query protocol: a form in, XML out. */
export async function startQueryService<Fault extends string = never>(
  options: QueryServiceOptions<Fault>,
): Promise<ServedQueryService<Fault>> {
  const { name, namespace, key, actions } = options;
  const faults = createFaults<Fault>(faultWords, options.ownFaultWords);

  async function answer(request: AwsRequest): Promise<AwsResponse> {
    const body = await readBody(request);
    const parameters = new QueryParameters(new URLSearchParams(body.toString('utf8')));
    const action = parameters.text('Action') ?? '';
    return await faults.meet(action, async () => {
      const fault = await signatureFault(request, body, { key, service: name, now: new Date() });
      if (fault) throw signatureWords[fault]();
      const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!act) {
        throw new AwsError('InvalidAction', 400, `The action ${action} is not valid for this endpoint.`);
      }
      const result = await act(parameters, signedRegion(request));
      const content = {
        ...(result && { [`${action}Result`]: result }),
        ResponseMetadata: { RequestId: request.id },
      };
      return xmlResponse(request, 200, writeXml(`${action}Response`, content, namespace));
    });
  }

  function refuse({ code, status, message }: AwsError, request: AwsRequest): AwsResponse {
    const content = {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: request.id,
    };
    return xmlResponse(request, status, writeXml('ErrorResponse', content, namespace));
  }

  return { ...(await serveAws({ name, answer, refuse })), faults };
}

function xmlResponse({ id }: AwsRequest, status: number, body: string): AwsResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id }, body };
}

async function readBody({ body }: AwsRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes <= maxBodyBytes) pieces.push(piece);
  }
  if (bytes > maxBodyBytes) throw new AwsError('RequestEntityTooLarge', 413, 'The request is too large.');
  return Buffer.concat(pieces);
}

const faultWords: FaultWords = {
  throttled: () => new AwsError('Throttling', 400, 'Rate exceeded'),
  denied: () =>
    new AwsError('AuthorizationError', 403, 'User: arn:aws:iam::000000000000:user/local is not authorized'),
  failing: () => new AwsError('InternalFailure', 500, 'An internal error has occurred.'),
};

const signatureWords: Readonly<Record<SignatureFault, () => AwsError>> = {
  missing: () => new AwsError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token'),
  unknown_key: () =>
    new AwsError('InvalidClientTokenId', 403, 'The security token included in the request is invalid.'),
  mismatch: () =>
    new AwsError(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. ' +
        'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    ),
};
