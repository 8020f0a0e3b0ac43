// Problem pages: the page behind the `type` of every problem, as HTML for people and Markdown for programs.
import { readFile } from 'node:fs/promises';
import type { RequestHandler } from 'express';
import { htmlPage } from './markdown.ts';
import { Problem, problems } from './problem.ts';

const PAGES = new URL('../docs/problems/', import.meta.url);

/** `GET /problems/{code}`: `docs/problems/<code>.md`, as HTML unless the caller prefers text. */
export const serveProblemPage: RequestHandler<{ code: string }> = async (request, response) => {
  const { code } = request.params;
  if (!Object.hasOwn(problems, code)) throw new Problem('not-found', 'There is no problem of this name.');
  const markdown = await readFile(new URL(`${code}.md`, PAGES), 'utf8');
  response.vary('accept').set('cache-control', 'public, max-age=300');
  if (request.accepts(['text/markdown', 'text/plain', 'text/html']) === 'text/html') {
    response.type('html').send(htmlPage(markdown));
  } else {
    response.type('text/markdown').send(markdown);
  }
};
