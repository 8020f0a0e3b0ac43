// The frame of the few pages that the API itself shows, around a payment and a mail: plain HTML that works without scripts.

export interface PlainPage {
  readonly status: number;
  readonly tone: 'good' | 'waiting' | 'bad';
  readonly title: string;
  readonly text: string;
  /** A button that sends the page's own address a POST, with what is in the fields. */
  readonly button?: string;
  /** Whether the reader is offered to sign in. */
  readonly signIn?: boolean;
  readonly fields?: readonly Field[];
  /** Where the reader is sent at once, with a link for who is not. */
  readonly onTo?: { readonly url: string; readonly label: string };
}

export interface Field {
  readonly name: string;
  readonly type: 'hidden' | 'password';
  readonly label?: string;
  readonly value?: string;
}

/** The page of an address that is none of ours, or that is somebody else's to see. */
export const NOTHING_HERE: PlainPage = {
  status: 404,
  tone: 'bad',
  title: 'Nothing to see here',
  text: 'This link is incomplete, or it is not for you.',
};

const MARKS = { good: '✓', waiting: '…', bad: '!' } as const;

/** A page as HTML. `baseUrl` is where its reader goes on. */
export function plainPage(page: PlainPage, baseUrl: string): string {
  const { tone, title, text, button, fields = [], onTo, signIn = false } = page;
  const refresh =
    onTo === undefined ? '' : `<meta http-equiv="refresh" content="0;url=${escaped(onTo.url)}">`;
  const action =
    button !== undefined
      ? `<form method="post">${fields.map(field).join('')}<button>${escaped(button)}</button></form>`
      : onTo !== undefined
        ? `<p><a class="button" href="${escaped(onTo.url)}">${escaped(onTo.label)}</a></p>`
        : signIn
          ? `<p><a class="button" href="${escaped(baseUrl)}/sign-in">Sign in to see your balance</a></p>`
          : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${refresh}
<title>${escaped(title)} · Coffer</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark ${tone}" aria-hidden="true">${MARKS[tone]}</p>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${action}
<p class="on"><a href="${escaped(baseUrl)}/">Back to Coffer</a></p>
</main>
</body>
</html>
`;
}

function field({ name, type, label = '', value = '' }: Field): string {
  const input = `<input type="${type}" name="${escaped(name)}" value="${escaped(value)}"`;
  return type === 'hidden'
    ? `${input}>`
    : `<label>${escaped(label)}${input} autocomplete="new-password" minlength="8" maxlength="128" required></label>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6579; --line: #dfe3ea; --paper: #fff; --back: #f5f6f9;
  --accent: #3b4fc4; --accent-ink: #fff; --good: #17693f; --good-back: #e3f4ea; --waiting: #7a5200; --waiting-back: #fdf1d6;
  --bad: #a3262c; --bad-back: #fdeeee; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a3adc0; --line: #343c4d; --paper: #1b212d;
  --back: #12161f; --accent: #8c9bff; --accent-ink: #10131b; --good: #7fd6a5; --good-back: #17352a; --waiting: #f0c56b;
  --waiting-back: #38301a; --bad: #ffb3b3; --bad-back: #3a1d20; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--back);
  color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 27rem; background: var(--paper); border: 1px solid var(--line); border-radius: 14px;
  padding: 2rem 1.75rem 1.5rem; text-align: center; }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 .5rem; text-wrap: balance; }
p { margin: 0 0 1.25rem; text-wrap: pretty; }
.mark { width: 3rem; height: 3rem; margin: 0 auto 1rem; border-radius: 50%; font-size: 1.375rem; line-height: 3rem; font-weight: 700; }
.good { color: var(--good); background: var(--good-back); } .waiting { color: var(--waiting); background: var(--waiting-back); }
.bad { color: var(--bad); background: var(--bad-back); }
button, .button { display: block; width: 100%; font: inherit; font-weight: 600; padding: .75rem 1rem; border: 0; border-radius: 9px;
  background: var(--accent); color: var(--accent-ink); text-decoration: none; cursor: pointer; }
form { margin: 0 0 1.25rem; }
label { display: block; text-align: left; margin: 0 0 1rem; font-size: .9375rem; color: var(--soft); }
input { display: block; width: 100%; margin-top: .25rem; padding: .625rem .75rem; font: inherit; font-size: 1rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--line); border-radius: 9px; }
a { color: var(--accent); } .on { margin: 0; font-size: .9375rem; }
button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
