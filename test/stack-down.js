// Stops what stack.js started.
export default () => globalThis.stopStack();
