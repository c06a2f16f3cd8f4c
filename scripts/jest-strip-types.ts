import { stripTypeScriptTypes } from 'node:module';

/** Jest transform: erases types and keeps every position, so failures point at the source line without a source map. */
export default {
  process: (source: string): { code: string } => ({ code: stripTypeScriptTypes(source) }),
};
