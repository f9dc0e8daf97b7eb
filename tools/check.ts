import { gate } from './gate.ts';
import { exitOnSignals } from './scratch.ts';
import { runStep } from './step.ts';
import { runSuite } from './suite.ts';

exitOnSignals();

// `npm run check`: what every change has to pass, in less than a minute.
const outcomes = await Promise.all([...gate.map(runStep), runSuite('unit')]);
const failed = outcomes.filter((outcome) => outcome.failed > 0).length;
console.log(failed === 0 ? '\nAll is well.' : `\n${failed} of ${outcomes.length} failed.`);
process.exitCode = failed === 0 ? 0 : 1;
