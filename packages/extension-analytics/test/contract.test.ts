import { describe, expect, it } from '@jest/globals';
import { configOf, extensionContract } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

extensionContract({ describe, it, expect }, factory, () => ({ config: configOf(factory, { endpoint: '127.0.0.1:0' }) }));
