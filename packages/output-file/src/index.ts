export type { Rotation } from './backups.ts';
export { joinOutput } from './output.ts';
export type { Output, OutputOptions } from './output.ts';
export type { FileOptions } from './single-file.ts';
export { outputProblems, outputProperties } from './output-config.ts';
export type { OutputConfig } from './output-config.ts';
