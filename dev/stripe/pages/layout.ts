// The frame of every page of the sandbox: banner, typeface, colours.
import { Html, html } from './html.ts';

export interface PageReply {
  status: number;
  html?: string;
  location?: string;
}

/** A whole page with the SANDBOX banner. */
export function pageReply(status: number, title: string, body: Html, width = ''): PageReply {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Sandbox</title>
<style>${STYLE}</style>
</head>
<body>
<p class="banner" role="note"><strong>SANDBOX</strong> No real card, no real money.</p>
<main class="${width}">${body}</main>
</body>
</html>
`;
  return { status, html: document.markup };
}

/** A redirect that turns a POST into a GET. */
export function seeOther(location: string): PageReply {
  return { status: 303, location };
}

const STYLE = new Html(`
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6579; --line: #dfe3ea; --paper: #fff; --back: #f5f6f9;
  --accent: #3b4fc4; --accent-ink: #fff; --bad: #a3262c; --bad-back: #fdeeee; --good: #17693f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a3adc0; --line: #343c4d; --paper: #1b212d;
  --back: #12161f; --accent: #8c9bff; --accent-ink: #10131b; --bad: #ffb3b3; --bad-back: #3a1d20; --good: #7fd6a5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
.banner { margin: 0; padding: .5rem 1rem; background: #f3c64b; color: #2b2200; text-align: center; font-size: .875rem; }
.banner strong { letter-spacing: .08em; margin-right: .5em; }
main { max-width: 34rem; margin: 2rem auto 4rem; padding: 0 1rem; }
main.wide { max-width: 60rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; margin-bottom: 1.25rem; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
.amount { font-size: 2.25rem; font-weight: 650; margin: 0 0 .75rem; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); } .small { font-size: .875rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { text-align: left; padding: .5rem .5rem .5rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); font-size: .8125rem; }
.card > :last-child { margin-bottom: 0; } .scroll { overflow-x: auto; } .scroll table { min-width: 36rem; }
td.tight { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.number, th.number { text-align: right; padding-right: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
button { font: inherit; width: 100%; padding: .7rem 1rem; border-radius: 8px; border: 1px solid var(--line); margin: 0 0 .5rem;
  background: var(--paper); color: var(--ink); cursor: pointer; display: flex; justify-content: space-between; gap: 1rem; text-align: left; }
button:last-of-type { margin-bottom: 0; } button:hover { border-color: var(--accent); } button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); font-weight: 600; }
button .last4 { opacity: .75; font-variant-numeric: tabular-nums; white-space: nowrap; }
.alert { background: var(--bad-back); color: var(--bad); border-radius: 8px; padding: .75rem 1rem; margin: 0 0 1rem; }
.good { color: var(--good); }
a { color: var(--accent); } summary { cursor: pointer; color: var(--soft); margin: .75rem 0; }
code { font-size: .875em; }
`);

/** Cents as people write money: `$12.34`, `12.34 EUR`. */
export function money(cents: number, currency: string): string {
  const digits = Math.abs(cents).toString().padStart(3, '0');
  const units = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  const text = `${units}.${digits.slice(-2)}`;
  const sign = cents < 0 ? '-' : '';
  return currency === 'usd' ? `${sign}$${text}` : `${sign}${text} ${currency.toUpperCase()}`;
}

/** Seconds since the epoch as a date and time in UTC. */
export function when(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
