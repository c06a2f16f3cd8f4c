export { components } from './components.ts';
export { unsupportedHint } from './unsupported.ts';
