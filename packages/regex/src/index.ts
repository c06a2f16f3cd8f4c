export type { ByteSet } from './byte-windows.ts';
export { Regex } from './regex.ts';
export type { RegexMatch, RegexOptions } from './regex.ts';
export { parseTemplate } from './template.ts';
export type { Template } from './template.ts';
