import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { REWARD_AMOUNT } from '../ads/rewards.service.js';
import { SETTINGS, type ShopSettings } from '../startup/settings.js';

class PageConfig {
  @ApiProperty({ enum: ['mainnet', 'testnet'] })
  readonly network!: string;

  @ApiProperty({ description: 'What an ad earns, in Pi.', example: REWARD_AMOUNT })
  readonly rewardAmount!: string;
}

@ApiTags('shop')
@SkipThrottle()
@Controller()
export class PagesController {
  constructor(@Inject(SETTINGS) private readonly settings: ShopSettings) {}

  @Get()
  @ApiExcludeEndpoint()
  @Header('content-type', 'text/html; charset=utf-8')
  async shop(): Promise<string> {
    const page = await this.page('index.html');
    return page.replace('{{PI_SDK_URL}}', encodeURI(this.settings.sdkUrl));
  }

  @Get('operator')
  @ApiExcludeEndpoint()
  @Header('content-type', 'text/html; charset=utf-8')
  operator(): Promise<string> {
    return this.page('operator.html');
  }

  @Get('api/config')
  @ApiOkResponse({ type: PageConfig })
  config(): PageConfig {
    return { network: this.settings.pi.network, rewardAmount: REWARD_AMOUNT };
  }

  private page(name: string): Promise<string> {
    return readFile(join(this.settings.assetsDirectory, 'pages', name), 'utf8');
  }
}
