import { routes } from '#functions/routes.ts';
import { serveGateway } from '#scripts/local/gateway/server.ts';
import { loadHandler } from '#scripts/local/lambda/handlers.ts';
import { announce } from './server-process.ts';

// Lambda writes the log to a pipe as well.
const gateway = await serveGateway({ routes, load: loadHandler });
announce(gateway.url);
