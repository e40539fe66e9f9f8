import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { REWARD_AMOUNT } from '../ads/rewards.service.js';
import { hasWallet, SETTINGS, type ShopSettings } from '../startup/settings.js';

class PageConfig {
  @ApiProperty({ enum: ['mainnet', 'testnet'] })
  readonly network!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What an ad earns, in Pi; null: nothing.',
    example: REWARD_AMOUNT,
  })
  readonly rewardAmount!: string | null;
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
    return { network: this.settings.pi.network, rewardAmount: hasWallet(this.settings) ? REWARD_AMOUNT : null };
  }

  private page(name: string): Promise<string> {
    return readFile(join(this.settings.assetsDirectory, 'pages', name), 'utf8');
  }
}
