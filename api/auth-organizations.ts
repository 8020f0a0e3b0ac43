// Organizations: better-auth's plugin, with the one route that makes an organization turned into one transaction.
import { runWithTransaction } from '@better-auth/core/context';
import { createAuthEndpoint } from 'better-auth/api';
import { organization } from 'better-auth/plugins/organization';
import { accept } from './auth-input.ts';
import { organizationTables } from './auth-tables.ts';
import { displayName, slug } from './names.ts';

/**
 * The organization plugin. Its own creation inserts the organization and its first owner in two transactions, so a
 * crash between them leaves an organization without an owner, which our database refuses; here they are one.
 */
export function organizations() {
  const plugin = organization({
    creatorRole: 'owner',
    schema: organizationTables,
    organizationHooks: {
      beforeCreateOrganization: async ({ organization: draft }) => ({
        data: {
          name: accept(displayName, draft.name, 'INVALID_NAME'),
          slug: accept(slug, draft.slug, 'INVALID_SLUG'),
        },
      }),
    },
  });
  const create = plugin.endpoints.createOrganization;
  const createOrganization = createAuthEndpoint(create.path, create.options, ({ params, ...context }) =>
    runWithTransaction(context.context.adapter, () =>
      create({ ...context, ...(params && { params }), returnHeaders: false, returnStatus: false }),
    ),
  );
  return { ...plugin, endpoints: { ...plugin.endpoints, createOrganization } };
}
