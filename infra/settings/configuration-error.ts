/** The arguments of a synth or deploy do not describe a valid stage. The message says what to pass instead. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
