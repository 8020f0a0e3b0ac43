// Markdown: the little of it that the problem pages use, turned into an HTML page.

const STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}' +
  'pre{background:#f4f4f5;padding:1rem;border-radius:6px;overflow:auto}code{font:14px ui-monospace,monospace}' +
  '@media(prefers-color-scheme:dark){body{background:#18181b;color:#e4e4e7}pre{background:#27272a}a{color:#93c5fd}}';

/** A whole HTML page; its title is the first heading. */
export function htmlPage(markdown: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? 'Coffer';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style><body>${blocks(markdown)}</body></html>\n`;
}

/** Headings, paragraphs, lists and fenced code, which may hold blank lines. */
function blocks(markdown: string): string {
  return markdown
    .split(/^(```[^\n]*\n[\s\S]*?\n```)$/m)
    .map((part) =>
      part.startsWith('```')
        ? fencedCode(part)
        : part
            .split(/\n{2,}/)
            .map(block)
            .join(''),
    )
    .join('');
}

function fencedCode(text: string): string {
  return `<pre><code>${escaped(text.replace(/^```[^\n]*\n/, '').replace(/\n```$/, ''))}</code></pre>`;
}

function block(text: string): string {
  const lines = text.trim().split('\n');
  const [first = ''] = lines;
  if (first === '') return '';
  const heading = /^(#{1,3}) (.+)$/.exec(first);
  if (heading !== null) {
    const level = heading[1]?.length ?? 1;
    return `<h${level}>${inline(heading[2] ?? '')}</h${level}>${block(lines.slice(1).join('\n'))}`;
  }
  if (lines.every((line) => /^(- | {2})/.test(line))) {
    const items = text.trim().split(/\n(?=- )/);
    return `<ul>${items.map((item) => `<li>${inline(item.replace(/^- /, ''))}</li>`).join('')}</ul>`;
  }
  return `<p>${inline(lines.join('\n'))}</p>`;
}

function inline(text: string): string {
  return escaped(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label: string, target: string) => {
      const page = /^([a-z-]+)\.md$/.exec(target)?.[1];
      return `<a href="${page === undefined ? target : `/problems/${page}`}">${label}</a>`;
    });
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
