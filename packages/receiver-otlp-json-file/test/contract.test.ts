import { configOf, receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

// Nobody waits for an answer: what was not taken is read again (receiver.test.ts).
receiverContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { include: ['/nowhere/at-all/*.json'] }) }));
