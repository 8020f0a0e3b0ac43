// The one API version that the sandbox speaks: the one the `stripe` package is pinned to.
export const API_VERSION = '2026-10-28.endive';
