export { explain, itemRequests } from './explain.ts';
export type { Question } from './explain.ts';
export { readTestFile } from './read-test-file.ts';
export type { ReadTestFile } from './read-test-file.ts';
export { runTest } from './run-test.ts';
export type { TestFailure, TestOptions } from './run-test.ts';
export { Trial } from './trial.ts';
export type { TrialOptions } from './trial.ts';
