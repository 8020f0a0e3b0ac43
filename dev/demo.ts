// `npm run demo`: plays the demo story on the running stack, each step told in a line.
import { join } from 'node:path';
import { CommandFailed, commandLine, homeOf, runCommand } from './command.ts';
import { readDemoFile } from './demo-file.ts';
import { tellStory } from './demo-story.ts';

const HELP = `
Usage: npm run demo -- [--home DIR]

Plays the demo story on the running stack: the owner saves a card, a member adds credit by hand, auto top-up is
enabled, real requests of the bundled trace use the credit up, auto top-up refills it, and the owner gets a mail.
It may be played again and again.

  --home DIR   the home of the stack (COFFER_HOME, or .coffer)`;

await runCommand(HELP, async () => {
  const { values } = commandLine({ options: { home: { type: 'string' } } });
  const home = homeOf(values.home);
  const demo = readDemoFile(home);
  if (demo === undefined)
    throw new CommandFailed(`There is no ${join(home, 'demo.json')}: run npm start first.`);
  if (demo.sandboxUrl === '') {
    process.stdout.write(
      '  Payments go to Stripe itself: nobody chooses a card on its pages for you, so there is no story.\n',
    );
    return 0;
  }
  await tellStory(demo, (line) => process.stdout.write(`  ${line}\n`));
  return 0;
});
