import type { Config } from 'jest';
import base from './jest.config.ts';

const { coverageThreshold: _threshold, ...shared } = base;

/** The suites that drive real peers (SDKs in other languages, a real otelcol): `npm run test:peers`. */
const config: Config = { ...shared, testMatch: ['<rootDir>/test/peers/*.test.ts'], testTimeout: 180_000 };

export default config;
