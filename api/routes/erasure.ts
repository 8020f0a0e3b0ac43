// Erasure: a person has what is known of them forgotten, by themselves or by an operator on their request.
import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { erasePerson } from '../../ledger/erasure.ts';
import { requirePerson } from '../access.ts';
import { Problem } from '../problem.ts';
import { type Route, route } from '../route.ts';
import { type OperatorSurroundings, reason } from './operator.ts';

const WHAT_IT_DOES =
  'Name and e-mail address are erased everywhere, with sign-in, sessions, cards, memberships and their API keys; the personal account is closed with whatever is left on it. Usage, payments and audit stay, under an id and “former member”.';

/** `POST /v1/me/erasure`. */
export function erasureRoutes(surroundings: OperatorSurroundings): Route[] {
  return [ownRoute(surroundings)];
}

/** `POST /v1/operator/people/{personId}/erasure`. */
export function operatorErasureRoutes(surroundings: OperatorSurroundings): Route[] {
  return [operatorRoute(surroundings)];
}

function ownRoute(surroundings: OperatorSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/me/erasure',
    summary: 'Have everything that is known of you erased, for good',
    description: `${WHAT_IT_DOES} Whoever is the only owner of an organization makes somebody else one first, or closes it.`,
    tag: 'People',
    caller: 'person',
    body: z
      .strictObject({
        confirm: z.string().max(320).describe('Your e-mail address, to say that you mean it.'),
      })
      .meta({ id: 'ErasureConfirmation' }),
    answers: { 204: { description: 'It is done; the session is over' } },
    problems: ['last-owner'],
    async handle({ principal, actor, body }) {
      const { personId, email } = requirePerson(principal);
      if (body.confirm.trim().toLowerCase() !== email.toLowerCase()) {
        const detail = 'Confirm with the e-mail address that you sign in with.';
        throw new Problem('request-invalid', detail, { errors: [{ pointer: '/confirm', detail }] });
      }
      await erasePerson(pool, actor, { personId }, clock());
      return { status: 204 };
    },
  });
}

function operatorRoute(surroundings: OperatorSurroundings): Route {
  const { pool, clock } = surroundings;
  return route(surroundings, {
    method: 'post',
    path: '/v1/operator/people/{personId}/erasure',
    summary: 'Erase a person on their request',
    description: `${WHAT_IT_DOES} Doing it again changes nothing. The reason stays in the audit: do not write there who it was.`,
    tag: 'Operators',
    caller: 'operator',
    scope: 'money',
    params: z.strictObject({ personId: z.string().describe('The id of a person.') }),
    body: z.strictObject({ reason }).meta({ id: 'ErasureRequest' }),
    answers: { 204: { description: 'It is done' } },
    problems: ['not-found', 'last-owner'],
    async handle({ params, actor, body }) {
      const { personId } = params;
      const isKnown =
        isUuid(personId) && (await erasePerson(pool, actor, { personId, reason: body.reason }, clock()));
      if (!isKnown) throw new Problem('not-found', 'There is no such person.');
      return { status: 204 };
    },
  });
}
