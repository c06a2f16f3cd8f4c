import type { Config } from 'jest';

const config: Config = {
  testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/packages/*/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/scripts/jest-strip-types.ts' },
  testEnvironmentOptions: { customExportConditions: ['@millrace/source', 'node', 'node-addons'] },
  collectCoverageFrom: ['packages/*/src/**/*.ts', '!**/*.test.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'json-summary'],
  coverageThreshold: { global: { lines: 90 } },
  testTimeout: 30_000,
};

export default config;
