// The pages of the sandbox by path.
import type { World } from '../core/world.ts';
import { showAuthentication, submitAuthentication } from './authenticate.ts';
import { showCheckout, submitCheckout } from './checkout.ts';
import { showInvoice, showReceipt } from './documents.ts';
import { html } from './html.ts';
import { showIndex } from './index.ts';
import { type PageReply, pageReply } from './layout.ts';

/** The page for a request; everything it changes is one transaction. */
export function servePage(world: World, method: string, path: string, body: string): PageReply {
  return world.store.transaction(() => {
    const [first, second, third] = path.split('/').slice(1);
    const isPost = method === 'POST';
    const form = new URLSearchParams(isPost ? body : '');
    if (method !== 'GET' && !isPost) return noPage(405);
    if (path === '/') return showIndex(world);
    if (first === 'receipts' && second !== undefined) return showReceipt(world, second);
    if (first === 'i' && second !== undefined) return showInvoice(world, second);
    if (first === 'c' && second === 'pay' && third !== undefined) {
      return isPost ? submitCheckout(world, third, form) : showCheckout(world, third);
    }
    if (first === 'c' && second === 'authenticate' && third !== undefined) {
      return isPost ? submitAuthentication(world, third, form) : showAuthentication(world, third);
    }
    return noPage(404);
  });
}

function noPage(status: number): PageReply {
  return pageReply(status, 'Not found', html`<section class="card"><h1>There is no such page</h1></section>`);
}
