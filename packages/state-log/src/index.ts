export { StateLog } from './state-log.ts';
