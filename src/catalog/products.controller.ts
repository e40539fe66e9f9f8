import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Catalog } from './catalog.js';
import { Product } from './product.js';

@ApiTags('shop')
@Controller('api/products')
export class ProductsController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @ApiOkResponse({ type: Product, isArray: true })
  list(): readonly Product[] {
    return this.catalog.list();
  }
}
