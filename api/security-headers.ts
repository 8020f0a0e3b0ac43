// Security headers: what a browser may do with our pages and answers, and with whom they may be shared.
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const PERMISSIONS = ['camera', 'geolocation', 'microphone', 'payment', 'usb']
  .map((one) => `${one}=()`)
  .join(', ');

const TWO_YEARS_S = 63_072_000;

/**
 * Scripts and connections only of our own, nobody may frame us, no address of ours (it may hold a link's secret) goes
 * to another site. Over plain http, as in development, a browser is not sent to https.
 */
export function securityHeaders(baseUrl: string): RequestHandler[] {
  const secure = baseUrl.startsWith('https:');
  const helmets = helmet({
    strictTransportSecurity: secure && { maxAge: TWO_YEARS_S, includeSubDomains: false },
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        connectSrc: ["'self'"],
        // the few pages of the API itself carry their style with them
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(secure && { upgradeInsecureRequests: [] }),
      },
    },
  });
  return [
    helmets,
    (_request, response, next) => {
      response.set('permissions-policy', PERMISSIONS);
      next();
    },
  ];
}
