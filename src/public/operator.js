import { api } from './api.js';
import { element, pi, sayingOnce, status, toast } from './views.js';

const find = (id) => document.getElementById(id);
const KEY = 'corner-shop:operator-key';
const BY = 'corner-shop:operator-name';
let timer;

const ask = (method, path, body) => api(method, path, { body, headers: { 'x-operator-key': find('key').value } });

async function refresh() {
  const filter = find('state').value ? `?state=${find('state').value}` : '';
  const [payouts, orders] = await Promise.all([
    ask('GET', `/api/payouts${filter}`),
    ask('GET', '/api/operator/orders'),
  ]);
  // Those that wait for a person come first.
  const waiting = ({ review, parked }) => (review ? 2 : parked ? 1 : 0);
  find('payouts').replaceChildren(...payouts.toSorted((a, b) => waiting(b) - waiting(a)).map(payoutRow));
  find('no-payouts').hidden = payouts.length > 0;
  find('locked').hidden = true;
  find('desk').hidden = false;
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
    ...[payout.review?.reason, payout.parked && `Parked: ${payout.parked}`, payout.reason]
      .filter(Boolean)
      .map((text) => element('span', { class: 'note why' }, text)),
    ...(payout.review?.actions ?? []).map((action) => decisionButton(payout, action)),
  );
}

const ACTIONS = {
  paid: { label: 'It was paid…', title: 'Mark as paid?', confirm: 'It was paid' },
  retry: { label: 'Retry…', title: 'Carry on with it?', confirm: 'Retry' },
  abandon: { label: 'Abandon…', title: 'Give it up?', confirm: 'Abandon' },
};

function decisionButton(payout, action) {
  const button = element(
    'button',
    { class: 'button small plain', type: 'button', 'data-testid': `${action}-${payout.id}` },
    ACTIONS[action].label,
  );
  button.addEventListener('click', () => openDecision(payout, action));
  return button;
}

/** Asks in a dialog, where the next refresh of the list does not wipe what is being typed. */
function openDecision(payout, action) {
  const dialog = find('decision');
  find('decision-title').textContent = ACTIONS[action].title;
  find('decision-reason').textContent = payout.review.reason;
  find('decide').textContent = ACTIONS[action].confirm;
  find('txid-label').hidden = action !== 'paid';
  find('txid').required = action === 'paid';
  find('txid').value = action === 'paid' ? (payout.txid ?? '') : '';
  find('by').value = sessionStorage.getItem(BY) ?? '';
  dialog.returnValue = '';
  const closed = () => dialog.returnValue === 'decide' && void attempt(() => decide(payout, action));
  dialog.addEventListener('close', closed, { once: true });
  dialog.showModal();
}

async function decide(payout, action) {
  const by = find('by').value.trim();
  sessionStorage.setItem(BY, by);
  await ask('POST', `/api/payouts/${payout.id}/resolve`, {
    action,
    by,
    ...(action === 'paid' && { txid: find('txid').value }),
  });
  toast('Noted: the payout goes on.');
  await refresh();
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
    ...(order.refund ? [element('span', { class: 'note' }, `Refund: ${order.refund.state.replaceAll('_', ' ')}`)] : []),
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
  find('toasts').replaceChildren();
  sessionStorage.setItem(KEY, find('key').value);
  timer = setInterval(sayingOnce(refresh), 3_000);
}

find('back').addEventListener('click', () => find('decision').close());
find('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void open();
});
find('state').addEventListener('change', () => void open());
find('key').value = sessionStorage.getItem(KEY) ?? '';
if (find('key').value) void open();
