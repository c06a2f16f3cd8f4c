export { isContentEvent, isContentKey, isEventContentKey } from './content-key.ts';
export { redacted, redactFields, redactValue } from './redact-value.ts';
export { isSecretKey } from './secret-key.ts';
