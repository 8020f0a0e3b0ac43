// `npm run fuzz`: schemathesis against the live OpenAPI document, as everybody who may call.
import { CommandFailed, commandLine, runCommand, wholeNumber } from './command.ts';
import { fuzz, installSchemathesis } from './fuzz/schemathesis.ts';
import { ownTarget, runningTarget } from './fuzz/targets.ts';

const HELP = `
Usage: npm run fuzz -- [--max-examples N] [--seed S] [--as CALLER]
       npm run fuzz -- --base-url URL [--token TOKEN] [--max-examples N] [--seed S]

Starts a stack of its own (Postgres, Temporal, sandbox, API, worker) and has schemathesis, installed by pip into the
project's cache, send requests made from the OpenAPI document: as nobody, as an owner, a gateway, an operator and a
program of an organization. Every answer must be described there, and none may be a 5xx. Signing out everywhere is
asked for last.

  --max-examples N  requests of each sort a route; 30
  --seed S          makes the same requests again; else it is chosen, and printed
  --as CALLER       only as one of: nobody, owner, gateway, operator, program
  --base-url URL    an API that runs already, such as http://localhost:8080; what its caller may change is changed
  --token TOKEN     with --base-url: the bearer token to send; nobody's without it

Exits 0 when nothing was found, 1 when something was.`;

await runCommand(HELP, async () => {
  const { values } = commandLine({
    options: {
      'max-examples': { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 29)) },
      as: { type: 'string' },
      'base-url': { type: 'string' },
      token: { type: 'string' },
    },
  });
  const { token: givenToken, 'base-url': baseUrl } = values;
  if (givenToken !== undefined && baseUrl === undefined)
    throw new CommandFailed('--token goes with --base-url');
  const maxExamples = wholeNumber('max-examples', values['max-examples'], 1);
  const seed = wholeNumber('seed', values.seed, 0);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const schemathesis = await installSchemathesis(say);
  say(`the seed is ${seed}`);
  const target = baseUrl === undefined ? await ownTarget(say) : await runningTarget(baseUrl, givenToken);
  try {
    const callers = [...target.callers].filter(
      ([name]) => values.as === undefined || name.includes(values.as),
    );
    if (callers.length === 0) throw new CommandFailed(`--as: there is no ${values.as}`);
    const found: string[] = [];
    for (const [name, token] of callers) {
      say(`\nas ${name}:`);
      const { url, known } = target;
      const run = { url, token, maxExamples, seed, known };
      const isClean = await fuzz(schemathesis, { ...run, routes: 'all-but-signing-out' });
      // whoever has signed out everywhere is nobody from then on
      const isLastClean = await fuzz(schemathesis, { ...run, routes: 'signing-out' });
      if (!isClean || !isLastClean) found.push(name);
    }
    say(found.length === 0 ? 'Nothing was found.' : `Something was found as ${found.join(', ')}.`);
    return found.length === 0 ? 0 : 1;
  } finally {
    await target.close();
  }
});
