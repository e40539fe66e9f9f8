import { Injectable } from '@nestjs/common';
import type { Product } from './product.js';

const PRODUCTS: readonly Product[] = [
  { id: 'flat-white', name: 'Flat white', description: 'A double shot under silky milk.', price: '1.5' },
  { id: 'sourdough', name: 'Sourdough loaf', description: 'Two days in the making, still warm.', price: '2.25' },
  { id: 'tangerines', name: 'Tangerines', description: 'A net of eight, leaves on.', price: '0.8' },
  { id: 'honey', name: 'Linden honey', description: 'From the hives on our own roof.', price: '3.1415926' },
  { id: 'tulips', name: 'Tulips', description: 'Ten stems, cut this morning.', price: '4' },
  { id: 'postcard', name: 'Postcard', description: 'Of the street, with a stamp.', price: '0.1' },
];

/** What the shop sells. */
@Injectable()
export class Catalog {
  list(): readonly Product[] {
    return PRODUCTS;
  }

  /** @param id anything: it may come from a payment's metadata, which is the browser's word. */
  find(id: unknown): Product | undefined {
    return PRODUCTS.find((product) => product.id === id);
  }
}
