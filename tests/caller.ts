/** Sends a request; a body that is no text and no bytes goes as JSON. */
export type Request = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** An organization, and requests with its key. */
export interface Caller {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
  readonly request: Request;
  /** Creates an item. */
  item(sku: string, more?: object): Promise<void>;
  /** Creates a location. */
  location(code: string): Promise<void>;
  /** Posts an entry and expects it to succeed. */
  post(kind: string, ...lines: readonly object[]): Promise<Answer>;
  /** What is on hand of an item in all. */
  onHand(sku: string): Promise<number>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what the body is, is what the tests ask
  readonly body: any;
}

/** Requests to the API at a URL, with a credential as headers; headers of one request come before it. */
export function requestsTo(url: string, credential: Readonly<Record<string, string>>): Request {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...credential, 'content-type': 'application/json', ...headers },
      body:
        body === undefined || typeof body === 'string' || body instanceof Uint8Array
          ? (body as string | undefined)
          : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined,
    };
  };
}

/** An organization as a caller of the API at a URL. */
export function caller(url: string, organization: { id: string; slug: string; apiKey: string }): Caller {
  const self: Caller = {
    ...organization,
    request: requestsTo(url, { 'x-api-key': organization.apiKey }),
    async item(sku, more = {}) {
      expectStatus(201, await self.request('POST', '/v1/items', { sku, name: sku, ...more }));
    },
    async location(code) {
      expectStatus(201, await self.request('POST', '/v1/locations', { code, name: code }));
    },
    async post(kind, ...lines) {
      return expectStatus(201, await self.request('POST', '/v1/movements', { kind, lines }));
    },
    async onHand(sku) {
      const answer = await self.request('GET', `/v1/items/${encodeURIComponent(sku)}/balance`);
      return expectStatus(200, answer).body.onHand;
    },
  };
  return self;
}

function expectStatus(status: number, answer: Answer): Answer {
  if (answer.status !== status) {
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  return answer;
}
