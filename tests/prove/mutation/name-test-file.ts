// A setup file of vitest: says which test file is at work, to this process and to those that it starts.
import { relative } from 'node:path';
import { expect } from 'vitest';

process.env.STOCKADE_TEST_FILE = relative(process.cwd(), expect.getState().testPath ?? '');
