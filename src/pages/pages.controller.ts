import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { PiModuleOptions } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';
import { REWARD_AMOUNT } from '../ads/rewards.service.js';
import { shopConfig, type ShopConfig } from '../config/shop.config.js';

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
  constructor(
    @Inject(shopConfig.KEY) private readonly shopConfig: ShopConfig,
    @Inject(piConfig.KEY) private readonly pi: PiModuleOptions,
  ) {}

  @Get()
  @ApiExcludeEndpoint()
  @Header('content-type', 'text/html; charset=utf-8')
  async shop(): Promise<string> {
    const page = await readPage('index.html');
    return page.replace('{{PI_SDK_URL}}', encodeURI(this.shopConfig.sdkUrl));
  }

  @Get('operator')
  @ApiExcludeEndpoint()
  @Header('content-type', 'text/html; charset=utf-8')
  operator(): Promise<string> {
    return readPage('operator.html');
  }

  @Get('api/config')
  @ApiOkResponse({ type: PageConfig })
  config(): PageConfig {
    return { network: this.pi.network, rewardAmount: this.pi.wallets ? REWARD_AMOUNT : null };
  }
}

/** The build puts the pages beside this file. */
const readPage = (name: string): Promise<string> => readFile(join(import.meta.dirname, name), 'utf8');
