// HTML by tagged template: everything put in is escaped unless it is HTML already.
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

type Part = Html | string | number | null | Part[];

/** HTML from a template; strings are escaped, null is nothing, lists are joined. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, part] of parts.entries()) markup += rendered(part) + (strings[index + 1] ?? '');
  return new Html(markup);
}

function rendered(part: Part): string {
  if (part === null) return '';
  if (Array.isArray(part)) return part.map(rendered).join('');
  return part instanceof Html ? part.markup : escaped(String(part));
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
