import { configOf, processorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '../src/index.ts';

processorContract({ describe, it, expect }, factory, { config: configOf(factory, { check_interval: '1s', limit_mib: 10_000 }) });
