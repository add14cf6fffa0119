/**
 * To be imported before anything else: what the handlers log and count about hostile requests is not a proof's output,
 * and both read this when they are loaded.
 */
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED = 'true';
