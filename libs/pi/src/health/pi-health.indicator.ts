import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { A2UService } from '../a2u/a2u.service.js';
import { PiHorizonClient } from '../chain/horizon-client.js';
import { PiLedger } from '../ledger/pi-ledger.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { PiResolvedOptions } from '../pi.options.js';
import { getPiOptionsToken, getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { PiExamination } from './pi-examination.js';
import type { Examined, PiHealthReport } from './pi-examination.js';

export interface PiHealthOptions {
  /** Which Pi app, when the process serves several. Default: the unnamed one. */
  app?: string;
  /** A finding is shown for so long before Pi is asked again, in milliseconds. Default: 5,000. */
  cacheMs?: number;
  /** Patience with the whole look, all parts at once, in milliseconds. Default: 3,000. */
  timeoutMs?: number;
  /** A wallet whose oldest open payout has waited longer is `degraded`, in milliseconds. Default: 600,000 (10 minutes). */
  maxLagMs?: number;
}

interface DegradedSince12<Key extends string> {
  degraded?(data: object): HealthIndicatorResult<Key>;
}

/**
 * Whether Pi, its chain, the ledger and the wallets are there, for `@nestjs/terminus`.
 *
 * - `down`: the Platform API or the ledger cannot be asked, the API key is refused, or Horizon serves another network.
 * - `degraded`: Horizon cannot be asked (sign-in works, payments wait), a wallet runs low, a lane is held by nobody or gets nowhere,
 *   payments or payouts wait for a person, or one of these cannot be told. Terminus 11 knows no such status: there it is `up` with `degraded: true`.
 *
 * @throws PiConfigurationError an app that is not registered, or a time that is none.
 * @example
 * @Get() @HealthCheck()
 * check() { return this.health.check([() => this.pi.isHealthy('pi')]); }
 */
@Injectable()
export class PiHealthIndicator {
  private readonly findings = new Map<string, { report: Promise<PiHealthReport>; until: number }>();

  constructor(
    private readonly health: HealthIndicatorService,
    private readonly modules: ModuleRef,
  ) {}

  async isHealthy<Key extends string>(key: Key, options: PiHealthOptions = {}): Promise<HealthIndicatorResult<Key>> {
    const { status, ...parts } = await this.report(options);
    const check = this.health.check(key);
    if (status === 'down') return check.down(parts);
    if (status === 'up') return check.up(parts);
    return (check as DegradedSince12<Key>).degraded?.(parts) ?? check.up({ ...parts, degraded: true });
  }

  private report(options: PiHealthOptions): Promise<PiHealthReport> {
    checkHealthOptions(options);
    const { app, cacheMs = 5_000, timeoutMs = 3_000, maxLagMs = 600_000 } = options;
    // Two pages may differ in what they find slow.
    const key = `${maxLagMs} ${app ?? ''}`;
    const known = this.findings.get(key);
    if (known && performance.now() < known.until) return known.report;
    const report = this.examination(app, { timeoutMs, maxLagMs }).run();
    // However slow it is and however many probes come meanwhile, one look at a time.
    const finding = { report, until: Number.POSITIVE_INFINITY };
    this.findings.set(key, finding);
    void report.finally(() => (finding.until = performance.now() + cacheMs)).catch(() => undefined);
    return report;
  }

  private optionsOf(app: string | undefined): PiResolvedOptions {
    try {
      return this.modules.get<PiResolvedOptions>(getPiOptionsToken(app), { strict: false });
    } catch {
      throw unknownApp(app);
    }
  }

  private examination(app: string | undefined, limits: Pick<Examined, 'timeoutMs' | 'maxLagMs'>): PiExamination {
    const get = <T>(token: unknown) => this.modules.get<T>(token as never, { strict: false });
    return new PiExamination({
      options: this.optionsOf(app),
      platform: get(getPiToken(PiPlatformClient, app)),
      horizon: get(getPiToken(PiHorizonClient, app)),
      ledger: get<PiLedger | undefined>(getPiToken(PiLedger, app)),
      payouts: get(getPiToken(A2UService, app)),
      ...limits,
    });
  }
}

function unknownApp(app: string | undefined): PiConfigurationError {
  return new PiConfigurationError([
    {
      problem: `The health check is to look after ${app ? `the Pi app "${app}"` : 'the unnamed Pi app'}, which is not registered.`,
      fix: "Correct `app` in isHealthy('pi', { app }), or register it: PiModule.forRoot({ name, … }).",
    },
  ]);
}

function checkHealthOptions({ cacheMs, timeoutMs, maxLagMs }: PiHealthOptions): void {
  const problems = Object.entries({ cacheMs, timeoutMs, maxLagMs })
    .filter(([, ms]) => ms !== undefined && !(ms >= 0))
    .map(([name, ms]) => ({
      problem: `\`${name}\` of the health check is ${ms}.`,
      fix: 'Give milliseconds, or leave it out for the default.',
    }));
  if (problems.length > 0) throw new PiConfigurationError(problems);
}
