/** The pieces the page is made of. Text goes in as text: nothing of an answer is ever parsed as HTML. */

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const pi = (amount) => [amount, ' ', element('span', { class: 'pi', 'aria-label': 'Pi' }, 'π')];

export function productCard(product, onBuy) {
  const button = element(
    'button',
    { class: 'button', type: 'button', 'data-testid': `buy-${product.id}`, 'aria-label': `Buy ${product.name}` },
    'Buy',
  );
  button.addEventListener('click', async () => {
    button.disabled = true;
    await onBuy();
    button.disabled = false;
  });
  const art = element('img', { src: `/products/${product.id}.svg`, alt: '', loading: 'lazy' });
  art.addEventListener('error', () => (art.src = '/icon.svg'), { once: true });
  return element(
    'li',
    { class: 'product', 'data-testid': `product-${product.id}` },
    art,
    element('h3', {}, product.name),
    element('p', {}, product.description),
    element('div', { class: 'buy' }, element('span', { class: 'price' }, ...pi(product.price)), button),
  );
}

const TONES = {
  delivered: 'good',
  completed: 'good',
  refused: 'bad',
  failed: 'bad',
  cancelled: 'warn',
  needs_review: 'warn',
};
export const status = (state) =>
  element('span', { class: `status ${TONES[state] ?? ''}`, 'data-testid': 'status' }, state.replaceAll('_', ' '));

export function orderRow(order, products) {
  const product = products.find(({ id }) => id === order.productId);
  return element(
    'li',
    { 'data-testid': 'order', 'data-payment': order.paymentId },
    element('span', { class: 'what' }, product?.name ?? order.productId),
    element('span', { class: 'price' }, ...pi(order.amount)),
    status(order.status),
    ...(order.refund ? [element('span', { class: 'note' }, refundNote(order.refund))] : []),
  );
}

function refundNote({ state, reason }) {
  if (state === 'completed') return 'Refunded to your wallet.';
  if (state === 'failed' || state === 'needs_review') return `The refund needs help: ${reason ?? state}.`;
  return 'A refund is on its way.';
}

export function rewardRow({ amount, state, txid }) {
  return element(
    'li',
    { 'data-testid': 'reward' },
    element('span', { class: 'what' }, 'Ad reward'),
    element('span', { class: 'price' }, ...pi(amount)),
    status(state),
    ...(txid ? [element('span', { class: 'note' }, `Transaction ${txid}`)] : []),
  );
}

/** For work that is repeated by itself, like a refresh: while it fails, that is said once. */
export function sayingOnce(work) {
  let failed = false;
  return async () => {
    try {
      await work();
      failed = false;
    } catch (error) {
      if (!failed) toast(error.message, 'bad');
      failed = true;
    }
  };
}

export function toast(message, tone = '') {
  const node = element('div', { class: `toast ${tone}`, 'data-testid': 'toast' }, message);
  document.getElementById('toasts').replaceChildren(node);
  setTimeout(() => node.remove(), 6_000);
}
