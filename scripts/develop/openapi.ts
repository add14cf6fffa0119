import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineDiff } from '#schema/catalog/line-diff.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { documentFile, generateDocument, readDocument } from './openapi/generate.ts';

await command({
  name: 'openapi',
  summary: `Writes ${documentFile}: the OpenAPI 3.1 document of the API.`,
  description:
    'It comes from the route table, the schemas that validate requests, and the texts in scripts/develop/openapi/. ' +
    'GET /openapi.json and GET /docs serve that file.',
  options: {
    check: option.flag({
      description: `write nothing; fail with the difference when ${documentFile} is out of date`,
    }),
  },
  examples: [
    { type: '', does: 'writes the file; review its diff with the route' },
    { type: '--check', does: 'compares, as `npm run check` does' },
  ],
  run: async ({ options }) => {
    const written = (await readDocument()) ?? '';
    const actual = await generateDocument();
    const difference = lineDiff(written, actual);
    const json = { file: documentFile, changed: difference !== '', difference };
    if (!difference) return { text: `${documentFile} is up to date.`, json };
    if (options.check) {
      return {
        text: `${difference}\n${documentFile} is out of date: run \`npm run openapi\`.`,
        json,
        failed: true,
      };
    }
    await writeFile(join(paths.root, documentFile), actual);
    return { text: `Wrote ${documentFile}.`, json };
  },
});
