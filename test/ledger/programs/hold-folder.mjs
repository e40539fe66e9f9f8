// Opens an embedded ledger, says so, and keeps it until it is killed or asked to stop. Runs the built package.
import { PiLedger } from 'nestjs-pi';

const ledger = new PiLedger({ directory: process.argv[2] });
try {
  await ledger.onModuleInit();
  process.send('open');
} catch (error) {
  process.send(error.message);
  process.exit(1);
}
process.on('message', async () => {
  await ledger.onApplicationShutdown();
  // Nothing of the ledger's may keep the process alive; what is left is the channel to the parent.
  process.disconnect();
});
