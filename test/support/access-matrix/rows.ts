// The rows of the matrix: each a sort of route, with what design and issue promise to every caller.
import { row } from './line.ts';

// owner admin member | former outsider nobody | gateway | operator: read money prices | token: read keys
export const ANYBODY = row('yes yes yes  yes yes yes  yes  yes yes yes  yes yes');
export const PEOPLE_THEMSELVES = row('yes yes yes  yes yes 401  403  403 403 403  403 403');
export const WHOEVER_READS = row('yes yes yes  yes yes 401  403  yes 403 403  yes 403');
export const READING = row('yes yes yes  404 404 401  403  yes 403 403  yes 403');
export const MEMBERS = row('yes yes yes  404 404 401  403  403 403 403  403 403');
export const MEMBERS_AND_KEY_TOKENS = row('yes yes yes  404 404 401  403  403 403 403  403 yes');
export const STEWARDS = row('yes yes 403  404 404 401  403  403 403 403  403 403');
export const STEWARDS_AND_OPERATORS = row('yes yes 403  404 404 401  403  yes 403 403  403 403');
export const STEWARDS_AND_KEY_TOKENS = row('yes yes 403  404 404 401  403  403 403 403  403 yes');
export const OWNERS = row('yes 403 403  404 404 401  403  403 403 403  403 403');
export const OPERATORS_WHO_READ = row('403 403 403  403 403 401  403  yes 403 403  403 403');
export const OPERATORS_OF_MONEY = row('403 403 403  403 403 401  403  403 yes 403  403 403');
export const OPERATORS_OF_PRICES = row('403 403 403  403 403 401  403  403 403 yes  403 403');
export const GATEWAYS_ALONE = row('401 401 401  401 401 401  yes  401 401 401  401 401');
/** A page for people: strangers to it are told nothing. */
export const PEOPLE_ON_A_PAGE = row('yes yes yes  yes yes 401  404  404 404 404  404 404');
