// A setup file of vitest: gives the name of the running test file to this process and to those that it starts.
import { relative } from 'node:path';
import { expect } from 'vitest';

process.env.STOCKADE_TEST_FILE = relative(process.cwd(), expect.getState().testPath ?? '');
