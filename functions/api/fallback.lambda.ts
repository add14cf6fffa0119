import { openHandler } from '#http/endpoints/open-handler.ts';
import { NotFound } from '#platform/errors.ts';

export const handler = openHandler(() => {
  throw new NotFound('route of that method and path');
});
