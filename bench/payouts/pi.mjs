// The emulator in a process of its own, with Pioneers to be paid, so that neither side's CPU time disturbs the chain's clock.
import { PiEmulator } from 'pi-emulator';
import { answer } from '../support.mjs';

const [wallets, ledgerMs, pioneers] = process.argv.slice(2).map(Number);
const pi = await PiEmulator.start({ port: 0, wallets, ledgerMs, ledgerSeconds: 5, a2uLimit: 'user' });
const uids = [];
for (let i = 0; i < pioneers; i += 1)
  uids.push((await pi.createPioneer({ scopes: ['username', 'payments', 'wallet_address'] })).uid);

const closes = [];
pi.chain.onClose(() => closes.push(Date.now()));
process.on('SIGTERM', () => pi.stop().then(() => process.exit(0)));
await answer({ ...pi.app(), uids }, () => {
  const addresses = new Set(pi.wallets.map(({ address }) => address));
  const applied = pi.transactions().filter((tx) => tx.successful && addresses.has(tx.sourceAccount));
  const calls = pi.journal().map(({ method, path, time, durationMs }) => ({ method, path, time, durationMs }));
  return { closes, applied: applied.map(({ ledger, sourceAccount }) => ({ ledger, wallet: sourceAccount })), calls };
});
