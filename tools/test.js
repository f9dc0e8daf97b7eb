// `npm test`: everything that can be tested on this machine.
import { bootstrap } from './bootstrap.js';

bootstrap('test.ts');
