import { join } from 'node:path';
import { PiConfigurationError } from 'nestjs-pi';
import { StartupError } from './startup/environment.js';
import { type Shop, startShop } from './startup/start-shop.js';

/** How long what is under way may take to end after Ctrl-C. */
const GRACE_MS = 10_000;

try {
  const shop = await startShop(process.env, join(import.meta.dirname, '..', 'src'));
  announce(shop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(shop));
} catch (error) {
  const isExplained = error instanceof StartupError || error instanceof PiConfigurationError;
  console.error(isExplained ? `\nCorner Shop cannot start.\n${error.message}\n` : error);
  process.exit(1);
}

function announce({ url, emulator, operatorKey }: Shop): void {
  const lines = [
    '',
    `Corner Shop     ${url}`,
    `  API           ${url}/docs`,
    operatorKey === undefined
      ? '  Operator      off: set OPERATOR_KEY to turn refunds and payouts on'
      : `  Operator      ${url}/operator`,
  ];
  if (emulator) {
    lines.push(
      `  Operator key  ${process.env['OPERATOR_KEY']?.trim() ? 'as set in OPERATOR_KEY' : operatorKey}`,
      '',
      `Pi Emulator     ${emulator.url}/_emulator     PI_API_KEY is not set: no real Pi moves`,
      `  API key       ${emulator.apiKey}`,
      `  App wallet    ${emulator.wallet.address}`,
      `  Wallet seed   ${emulator.wallet.seed}`,
    );
  }
  console.log([...lines, '', 'Ctrl-C ends it all.', ''].join('\n'));
}

async function end(shop: Shop): Promise<void> {
  setTimeout(() => {
    console.error(`Corner Shop did not end within ${GRACE_MS / 1_000} seconds.`);
    process.exit(1);
  }, GRACE_MS).unref();
  await shop.close();
  process.exit(0);
}
