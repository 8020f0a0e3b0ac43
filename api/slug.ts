// Slugs made of names: what an organization is called in addresses when nobody says.
import { slug } from './names.ts';

const LONGEST = 63;
const CANDIDATES = 50;

/** Slugs for an organization of this name, the best first: `acme`, `acme-2`, `acme-3` … */
export function slugsFor(name: string): string[] {
  const base = letters(name) || 'organization';
  return Array.from({ length: CANDIDATES }, (_, i) => {
    const end = i === 0 ? '' : `-${i + 1}`;
    return slug.parse(trimmed(base.slice(0, LONGEST - end.length)) + end);
  });
}

/** The letters and digits of a name, without accents, with single hyphens for everything between. */
function letters(name: string): string {
  return trimmed(
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-'),
  );
}

function trimmed(text: string): string {
  return text.replaceAll(/^-+|-+$/g, '');
}
