export { components } from './components.ts';
export { unsupportedHint, unsupportedHints } from './unsupported.ts';
