export interface AwsErrorOptions {
  /** Elements beside Code and Message, such as the Key that is not there. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** A refusal in the words of AWS: the code programs go by, the status, the sentence. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  readonly options: AwsErrorOptions;

  constructor(code: string, status: number, message: string, options: AwsErrorOptions = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.options = options;
  }
}
