export { factory } from './factory.ts';
export { replayLog } from './replay-log.ts';
export type { ReplayedBatch, ReplayResult } from './replay-log.ts';
