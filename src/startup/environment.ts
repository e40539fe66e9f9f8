/** Says what is wrong with the environment and how to fix it; shown without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The shop's environment variables, checked. Those that start with `PI_` and are not named here belong to `nestjs-pi/config`. */
export interface ShopEnvironment {
  readonly port: number;
  /** Default: every address. With the emulator it is always 127.0.0.1. */
  readonly host?: string;
  /** False: the emulator takes Pi's place. */
  readonly hasApiKey: boolean;
  readonly emulatorPort: number;
  /** Milliseconds between two ledgers of the emulator. */
  readonly emulatorLedgerMs: number;
  /** Holds the database and the emulator's state when there is nothing else to hold them. */
  readonly dataDirectory: string;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly operatorKey?: string;
  readonly requestsPerMinute?: number;
  /** How many proxies stand in front of the shop, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: number;
}

/** @throws StartupError with every problem at once */
export function readEnvironment(env: NodeJS.ProcessEnv): ShopEnvironment {
  const problems: string[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const whole = (name: string, least: number, most: number): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`${name} is ${JSON.stringify(given)}: set it to a whole number from ${least} to ${most}.`);
    return undefined;
  };

  const port = whole('PORT', 0, 65_535) ?? 3000;
  const emulatorPort = whole('PI_EMULATOR_PORT', 0, 65_535) ?? 31_415;
  const emulatorLedgerMs = whole('PI_EMULATOR_LEDGER_MS', 10, 3_600_000) ?? 5000;
  const requestsPerMinute = whole('REQUESTS_PER_MINUTE', 1, 1_000_000);
  const trustedProxies = whole('TRUSTED_PROXIES', 0, 100) ?? 0;
  const host = text('HOST');
  const databaseUrl = text('DATABASE_URL');
  const redisUrl = text('REDIS_URL');
  const operatorKey = text('OPERATOR_KEY');
  const hasApiKey = text('PI_API_KEY') !== undefined;
  if (!hasApiKey && env['NODE_ENV'] === 'production') {
    problems.push(
      'NODE_ENV is "production", but PI_API_KEY is not set: set it to the server API key of your app from the Pi ' +
        'developer portal. Only outside production the shop runs on an emulated Pi.',
    );
  }
  if (!hasApiKey && port !== 0 && port === emulatorPort) {
    problems.push(`PORT and PI_EMULATOR_PORT are both ${port}: the shop and the emulator need one each.`);
  }
  if (problems.length > 0) throw new StartupError(problems.join('\n'));

  return {
    port,
    hasApiKey,
    emulatorPort,
    emulatorLedgerMs,
    trustedProxies,
    dataDirectory: text('PI_DATA_DIR') ?? '.data',
    ...(host !== undefined && { host }),
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(redisUrl !== undefined && { redisUrl }),
    ...(operatorKey !== undefined && { operatorKey }),
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
  };
}
