import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { PiAuthGuard, PiUser, type Pioneer } from 'nestjs-pi';
import { ApiPiAuth } from 'nestjs-pi/swagger';

class Me {
  @ApiProperty({ description: 'Of this app only; changes when the Pioneer revokes it and signs in again.' })
  readonly uid!: string;

  @ApiProperty({ required: false })
  readonly username?: string;

  @ApiProperty({ example: ['username', 'payments', 'wallet_address'] })
  readonly scopes!: readonly string[];
}

@ApiTags('shop')
@ApiPiAuth()
@UseGuards(PiAuthGuard)
@Controller('api/me')
export class MeController {
  @Get()
  @ApiOkResponse({ type: Me })
  me(@PiUser() { uid, username, scopes }: Pioneer): Me {
    return { uid, ...(username !== undefined && { username }), scopes };
  }
}
