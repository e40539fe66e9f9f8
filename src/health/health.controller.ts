import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { SkipThrottle } from '@nestjs/throttler';
import { PiHealthIndicator } from 'nestjs-pi/terminus';

@ApiTags('operator')
@SkipThrottle()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly pi: PiHealthIndicator,
  ) {}

  /** 503 when Pi or the database is away, or the API key is refused. */
  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.pi.isHealthy('pi')]);
  }
}
