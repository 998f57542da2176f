import { startDaemon } from '../../../src/daemon.ts';

/**
 * The daemon as a process of its own. `CRASH_AT=<step>:<n>` kills it with -9 at the n-th time that it reaches a step. Prints a
 * line when it is up; ends in order on SIGTERM.
 */
const [crashStep, crashCount] = (process.env.CRASH_AT ?? ':0').split(':');
let seen = 0;
const daemon = await startDaemon({
  configPath: process.argv[2] ?? '',
  step: (name) => {
    if (name !== crashStep) return;
    seen += 1;
    if (seen === Number(crashCount)) process.kill(process.pid, 'SIGKILL');
  },
});
process.once('SIGTERM', () => void daemon.stop());
process.stdout.write('{"up":true}\n');
