import { gate } from './gate/gate.ts';
import { runStep } from './gate/step.ts';
import { runSuite } from './gate/suite.ts';
import { exitOnSignals } from './scratch.ts';

exitOnSignals();

// `npm run check`: what every change has to pass, in less than a minute.
const outcomes = await Promise.all([...gate.map(runStep), runSuite('unit')]);
const failed = outcomes.filter((outcome) => outcome.failed > 0).length;
console.log(failed === 0 ? '\nAll is well.' : `\n${failed} of ${outcomes.length} failed.`);
process.exitCode = failed === 0 ? 0 : 1;
