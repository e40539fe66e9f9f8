import { PI_NETWORKS, PI_PLATFORM_URL } from '../pi.networks.js';
import type { PiModuleOptions, PiNetwork } from '../pi.options.js';
import { shown } from './problems.js';
import type { Problems } from './problems.js';

/** Keys of the emulator: published, so they may travel in clear text, and are of no use at the real Pi. */
export const EMULATED = 'emulated_';

const SEED = /^S[A-Z2-7]{55}$/;
const PLATFORM_HOST = new URL(PI_PLATFORM_URL).host;

/** The key and whom it is shown to. */
export function checkEndpoints(options: PiModuleOptions, problems: Problems): void {
  checkApiKey(options.apiKey, problems);
  checkNetwork(options.network, problems);
  if (options.appId !== undefined && !(typeof options.appId === 'string' && options.appId.trim() !== '')) {
    problems.add(
      `\`appId\` is ${shown(options.appId)}.`,
      'Use the id of the app from the Pi developer portal, or leave it out: tokens of other apps are then not told apart.',
    );
  }
  const emulated = typeof options.apiKey === 'string' && options.apiKey.startsWith(EMULATED);
  const platform = checkUrl('platformUrl', options.platformUrl, emulated, problems);
  if (platform?.host === PLATFORM_HOST && platform.pathname.replace(/\/+$/, '') !== '/v2') {
    problems.add(
      `\`platformUrl\` is ${shown(options.platformUrl)}, which is not version 2 of the Platform API.`,
      `Use ${PI_PLATFORM_URL}, or leave it out.`,
    );
  }
  if (emulated && (options.platformUrl === undefined || platform?.host === PLATFORM_HOST)) {
    problems.add(
      '`apiKey` is one of the emulator, but `platformUrl` is the real Pi.',
      "Point platformUrl and horizonUrl to the emulator (`emulator.platformUrl`, `emulator.horizonUrl`), or use the real app's key.",
    );
  }
  const horizon = checkUrl('horizonUrl', options.horizonUrl, emulated, problems);
  if (horizon) checkHorizonNetwork(horizon, options.network, problems);
}

function checkApiKey(apiKey: unknown, problems: Problems): void {
  if (typeof apiKey !== 'string' || apiKey === '') {
    problems.add(
      '`apiKey` is missing.',
      'Get the server API key in the Pi developer portal and pass it, e.g. from the environment: PI_API_KEY. For development without Pi, start `pi-emulator` and use the key it prints.',
    );
  } else if (SEED.test(apiKey.trim())) {
    problems.add(
      '`apiKey` is a wallet seed (S…, 56 characters).',
      'Pass the server API key of the developer portal; the seed belongs into `wallets`. A seed sent as a key is known to others: move its funds.',
    );
  } else if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    problems.add(
      '`apiKey` holds white space or characters that no HTTP header can carry.',
      'Copy the key anew: no quotes, no line break, and without the word "Key" in front.',
    );
  }
}

function checkNetwork(network: unknown, problems: Problems): void {
  if (typeof network === 'string' && Object.hasOwn(PI_NETWORKS, network)) return;
  problems.add(
    network === undefined || network === '' ? '`network` is missing.' : `\`network\` is ${shown(network)}.`,
    "Use 'mainnet' or 'testnet', whichever the app is registered on (PI_NETWORK in the environment): the two are different apps at Pi, with different keys.",
  );
}

/** @returns the URL when there is one and it can be used. */
function checkUrl(name: string, value: unknown, emulated: boolean, problems: Problems): URL | undefined {
  if (value === undefined) return undefined;
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    problems.add(`\`${name}\` is no http(s) URL.`, `Use a whole URL such as ${PI_PLATFORM_URL}, or leave it out.`);
    return undefined;
  }
  if (url.username || url.password || url.search || url.hash) {
    problems.add(
      `\`${name}\` (${url.host}) carries credentials, a query or a fragment.`,
      'Give only scheme, host and path.',
    );
    return undefined;
  }
  if (url.protocol === 'http:' && !emulated && !isLoopback(url.hostname)) {
    problems.add(
      `\`${name}\` is plain http to ${url.host}: anybody on the way could read the API key and forge answers about money.`,
      `Use https. Plain http is for this machine and for keys of the emulator (${EMULATED}…).`,
    );
    return undefined;
  }
  return url;
}

function checkHorizonNetwork(horizon: URL, network: PiNetwork, problems: Problems): void {
  const other = (Object.keys(PI_NETWORKS) as PiNetwork[]).find(
    (name) => name !== network && new URL(PI_NETWORKS[name].horizonUrl).host === horizon.host,
  );
  if (!other || !Object.hasOwn(PI_NETWORKS, network)) return;
  problems.add(
    `\`horizonUrl\` (${horizon.host}) is the chain of ${other}, but \`network\` is ${shown(network)}.`,
    `Leave horizonUrl out (then it is ${PI_NETWORKS[network].horizonUrl}), or set network: '${other}' with the key of that app.`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
