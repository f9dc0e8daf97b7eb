import { readArguments } from '@rapport/runtime/arguments.ts';
import { checks } from './gate/checks.ts';
import { runStages } from './gate/stages.ts';
import { runStep } from './gate/step.ts';
import { runSuite } from './gate/suite.ts';
import { exitOnSignals } from './scratch.ts';

const use = `npm run check

What every commit has to pass, in less than a minute: format and rules, types, the wire's schema, dead code
and the unit tests. \`npm test\` runs everything else, too.
`;

readArguments({ help: use, options: {} });
exitOnSignals();
process.exitCode = await runStages([
  [...checks.map((step) => [() => runStep(step)]), [() => runSuite('unit')]],
]);
