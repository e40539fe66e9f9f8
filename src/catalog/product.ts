import { ApiProperty } from '@nestjs/swagger';

export class Product {
  @ApiProperty({ example: 'flat-white' })
  readonly id!: string;

  @ApiProperty({ example: 'Flat white' })
  readonly name!: string;

  @ApiProperty({ example: 'A double shot under silky milk.' })
  readonly description!: string;

  @ApiProperty({ description: 'In Pi, as a decimal string: a JSON number would be read as a float.', example: '1.5' })
  readonly price!: string;
}
