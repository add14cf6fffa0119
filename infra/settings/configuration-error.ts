/** What whoever runs a synth or deploy passed does not describe a stage. The message says what to pass instead. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
