import { configOf, connectorContract } from '@millrace/api/testing';
import { describe, expect, it } from '@jest/globals';
import { factory } from '@millrace/connector-genai-metrics';

connectorContract({ describe, it, expect }, factory, { config: configOf(factory, {}) });
