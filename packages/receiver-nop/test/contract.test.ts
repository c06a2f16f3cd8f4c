import { receiverContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

receiverContract({ describe, it, expect }, factory, () => ({ config: {} }));
