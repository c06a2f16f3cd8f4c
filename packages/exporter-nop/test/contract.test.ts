import { exporterContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

exporterContract({ describe, it, expect }, factory, () => ({ config: {} }));
