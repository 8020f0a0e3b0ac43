// Every workflow of Coffer, as workers bundle them.
export * from './account.ts';
export * from './top-up.ts';
export * from './verify.ts';
