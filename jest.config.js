// Jest runs the TypeScript sources as ES modules; one real Postgres and one real Temporal serve the whole run.
export default {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/stack.js',
  globalTeardown: '<rootDir>/test/stack-down.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.js'],
  // far above what a quiet machine needs: a busy one is slow, not wrong
  testTimeout: 180_000,
  // they wait for servers as much as they work; jest's own choice is one worker on two cores
  maxWorkers: 2,
};
