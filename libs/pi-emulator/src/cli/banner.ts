import type { PiEmulator } from '../emulator.js';

/** What the CLI prints once the emulator answers. */
export function banner(emulator: PiEmulator, version: string): string {
  const { url, platformUrl, apiKey, wallets } = emulator;
  const rows: [string, string][] = [
    ['Platform API', platformUrl],
    ['Horizon', url],
    ['Browser SDK', `${url}/pi-sdk.js`],
    ['Dashboard', `${url}/_emulator`],
    ['API key', apiKey],
    ...wallets.flatMap(({ address, seed }, index): [string, string][] => {
      const name = wallets.length === 1 ? 'App wallet' : `App wallet ${index + 1}`;
      return [
        [name, address],
        [index === 0 ? 'its seed' : '', seed],
      ];
    }),
    ...emulator.pioneers().map(({ username, uid }): [string, string] => ['Pioneer', `${username} ${uid}`]),
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`);
  const title = `pi-emulator ${version}: a local ${emulator.chain.passphrase} at ${url}`;
  return [title, '', ...lines, '', 'All of it is made up: no key or seed here is a secret. Ctrl-C ends it.'].join('\n');
}
