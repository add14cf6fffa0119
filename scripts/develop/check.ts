import { counted } from '#platform/text/plural.ts';
import { command } from '../cli/command.ts';
import * as option from '../cli/option.ts';
import { paths } from '../paths.ts';
import { checks } from './check/checks.ts';
import { type CheckResult, resultText, runCheck } from './check/run-check.ts';

await command({
  name: 'check',
  summary:
    'Runs the formatter, the linter, the type checker, the drift checks and more: every check that needs no test.',
  description: ['The checks:', ...checks.map(({ name, promise }) => `  ${name.padEnd(10)}${promise}`)].join(
    '\n',
  ),
  options: {
    only: option.several(
      option.choice(
        checks.map(({ name }) => name),
        { description: 'run only this check', placeholder: 'name' },
      ),
    ),
  },
  examples: [
    { type: '', does: 'runs every check; exit code 1 if one fails' },
    { type: '--only types --only layering', does: 'runs these two' },
  ],
  run: async ({ options, signal, note }) => {
    const wanted = checks.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
    const results: CheckResult[] = [];
    for (const check of wanted) {
      signal.throwIfAborted();
      const result = await runCheck(check, paths.root, signal);
      results.push(result);
      note(resultText(result));
    }
    const failed = results.filter(({ ok }) => !ok).length;
    return {
      text: `${results.length - failed} of ${counted(results.length, 'check')} passed.`,
      json: { passed: results.length - failed, failed, checks: results },
      failed: failed > 0,
    };
  },
});
