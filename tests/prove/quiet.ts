/**
 * Import this first. It silences the logs and metrics of the handlers, which would fill the output with hostile requests.
 * Both libraries read the variables when they are loaded.
 */
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED = 'true';
