import { describe, expect, it } from '@jest/globals';
import { configOf, processorContract } from '@millrace/api/testing';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, { config: configOf(factory, { wait_duration: '1s' }) });
