// Operations: what the OpenAPI document says of each route, as far as access is concerned.
import { z } from 'zod';
import { type DeclaredAccess, declaredAccess } from './callers.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const operation = z.object({
  summary: z.string(),
  tags: z.array(z.string()),
  'x-coffer-access': declaredAccess,
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
});

const document = z.object({ paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), operation)) });

export interface Operation {
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly access: DeclaredAccess;
  /** Documented status → the content types it comes with. */
  readonly answers: ReadonlyMap<number, readonly string[]>;
}

/** Every operation of an OpenAPI document, in its order. Throws when one does not say who may call it. */
export function operationsOf(openApi: unknown): Operation[] {
  return Object.entries(document.parse(openApi).paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const found = methods[method];
      if (found === undefined) return [];
      const answers = Object.entries(found.responses).map(([status, { content }]): [number, string[]] => [
        Number(status),
        Object.keys(content ?? {}),
      ]);
      return [
        {
          method: method.toUpperCase(),
          path,
          summary: found.summary,
          tag: found.tags[0] ?? '',
          access: found['x-coffer-access'],
          answers: new Map(answers),
        },
      ];
    }),
  );
}
