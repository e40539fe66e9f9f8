import { registerAs } from '@nestjs/config';

/** Says what is wrong with the environment and how to fix it; shown without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The shop's own environment variables, checked. Those of Pi are `piConfig`, from `nestjs-pi/config`. */
export interface ShopConfig {
  readonly port: number;
  /** Default: every address. */
  readonly host?: string;
  /** Default: PGlite in `dataDirectory`. */
  readonly databaseUrl?: string;
  /** Default: every instance asks Pi about a token by itself. */
  readonly redisUrl?: string;
  /** Holds the database and the emulator's state when there is nothing else to hold them. */
  readonly dataDirectory: string;
  /** Without one, the operator's routes are off. */
  readonly operatorKey?: string;
  /** In Pi; payouts beyond it in 24 hours are parked. */
  readonly dailyPayoutLimit: string;
  /** Of one address; 0: no limit. */
  readonly requestsPerMinute: number;
  /** How many proxies stand in front of the shop, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: number;
  /** Where the page loads `window.Pi` from. */
  readonly sdkUrl: string;
  /** Of the local Pi that takes Pi's place when there is no API key. */
  readonly emulator: { readonly port: number; readonly ledgerMs: number };
}

export const shopConfig = registerAs('shop', () => readEnvironment(process.env));

/** @throws StartupError with every problem at once */
export function readEnvironment(env: NodeJS.ProcessEnv): ShopConfig {
  const problems: string[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const whole = (name: string, least: number, most: number, otherwise: number): number => {
    const given = text(name);
    const value = given === undefined ? otherwise : Number(given);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`${name} is ${JSON.stringify(given)}: set it to a whole number from ${least} to ${most}.`);
    return otherwise;
  };

  const host = text('HOST');
  const databaseUrl = text('DATABASE_URL');
  const redisUrl = text('REDIS_URL');
  const operatorKey = text('OPERATOR_KEY');
  if (operatorKey !== undefined && !/^[\x20-\x7e]+$/.test(operatorKey))
    problems.push(
      'OPERATOR_KEY holds characters that no HTTP header can carry: use letters, digits and signs of ASCII.',
    );
  const config: ShopConfig = {
    port: whole('PORT', 0, 65_535, 3000),
    ...(host !== undefined && { host }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(redisUrl !== undefined && { redisUrl }),
    dataDirectory: text('PI_DATA_DIR') ?? '.data',
    ...(operatorKey !== undefined && { operatorKey }),
    dailyPayoutLimit: text('DAILY_PAYOUT_LIMIT') ?? '10000',
    requestsPerMinute: whole('REQUESTS_PER_MINUTE', 0, 1_000_000, 600),
    trustedProxies: whole('TRUSTED_PROXIES', 0, 100, 0),
    sdkUrl: text('PI_SDK_URL') ?? 'https://sdk.minepi.com/pi-sdk.js',
    emulator: {
      port: whole('PI_EMULATOR_PORT', 0, 65_535, 31_415),
      ledgerMs: whole('PI_EMULATOR_LEDGER_MS', 10, 3_600_000, 5000),
    },
  };
  if (!hasApiKey(env)) problems.push(...problemsOfEmulation(env, config));
  if (problems.length > 0) throw new StartupError(problems.join('\n'));
  return config;
}

export const hasApiKey = (env: NodeJS.ProcessEnv): boolean => Boolean(env['PI_API_KEY']?.trim());

function problemsOfEmulation(env: NodeJS.ProcessEnv, { port, emulator }: ShopConfig): string[] {
  if (env['NODE_ENV'] === 'production') {
    return [
      'NODE_ENV is "production", but PI_API_KEY is not set: set it to the server API key of your app from the Pi ' +
        'developer portal. Only outside production the shop runs on an emulated Pi.',
    ];
  }
  if (port === 0 || port !== emulator.port) return [];
  return [`PORT and PI_EMULATOR_PORT are both ${port}: the shop and the emulator need one each.`];
}
