// `npm start`: from a fresh clone to a talking coach.
import { bootstrap } from './bootstrap.js';

bootstrap('rapport.ts');
