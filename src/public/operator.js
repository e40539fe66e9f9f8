import { api } from './api.js';
import { element, pi, status, toast } from './views.js';

const find = (id) => document.getElementById(id);
const KEY = 'corner-shop:operator-key';
let timer;

const ask = (method, path) => api(method, path, { headers: { 'x-operator-key': find('key').value } });

async function refresh() {
  const filter = find('state').value ? `?state=${find('state').value}` : '';
  const [payouts, orders] = await Promise.all([
    ask('GET', `/api/payouts${filter}`),
    ask('GET', '/api/operator/orders'),
  ]);
  find('payouts').replaceChildren(...payouts.map(payoutRow));
  find('no-payouts').hidden = payouts.length > 0;
  find('orders').replaceChildren(...orders.map(orderRow));
  find('no-orders').hidden = orders.length > 0;
}

function payoutRow(payout) {
  const last = payout.attempts.at(-1);
  const facts = [
    `to ${payout.uid}`,
    payout.identifier && `payment ${payout.identifier}`,
    payout.txid && `transaction ${payout.txid}`,
    `${payout.attempts.length} ${payout.attempts.length === 1 ? 'attempt' : 'attempts'}`,
    !payout.txid && last && `last hash ${last.hash}`,
    payout.createdAt && age(payout.createdAt),
  ].filter(Boolean);
  return element(
    'li',
    { 'data-testid': 'payout', 'data-payout': payout.id },
    element('span', { class: 'what' }, payout.memo || payout.id),
    element('span', { class: 'price' }, ...pi(payout.amount)),
    status(payout.state),
    element('span', { class: 'note' }, facts.join(' · ')),
    ...(payout.review ? [element('span', { class: 'note' }, `Needs review: ${payout.review.reason}`)] : []),
    ...(payout.reason ? [element('span', { class: 'note' }, payout.reason)] : []),
  );
}

function orderRow(order) {
  const button = element(
    'button',
    { class: 'button small plain', type: 'button', 'data-testid': `refund-${order.id}` },
    'Refund',
  );
  button.addEventListener('click', () =>
    attempt(async () => {
      button.disabled = true;
      await ask('POST', `/api/orders/${order.id}/refund`);
      toast('The refund is on its way.');
      await refresh();
    }),
  );
  return element(
    'li',
    { 'data-testid': 'order' },
    element('span', { class: 'what' }, order.productId),
    element('span', { class: 'price' }, ...pi(order.amount)),
    status(order.status),
    ...(order.status === 'delivered' && !order.refund ? [button] : []),
    ...(order.refund ? [element('span', { class: 'note' }, `Refund: ${order.refund.state}`)] : []),
  );
}

function age(since) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1_000));
  if (seconds < 90) return `${seconds} s old`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min old`;
  return `${Math.round(seconds / 3_600)} h old`;
}

async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    toast(error.message, 'bad');
    return false;
  }
}

async function open() {
  clearInterval(timer);
  if (!(await attempt(refresh))) return;
  sessionStorage.setItem(KEY, find('key').value);
  timer = setInterval(() => void attempt(refresh), 3_000);
}

find('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void open();
});
find('state').addEventListener('change', () => void open());
find('key').value = sessionStorage.getItem(KEY) ?? '';
if (find('key').value) void open();
