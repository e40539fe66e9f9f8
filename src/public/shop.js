import { api, useToken } from './api.js';
import { buy, signIn, watchAd } from './pi-client.js';
import { element, orderRow, productCard, rewardRow, toast } from './views.js';

const find = (id) => document.getElementById(id);
const RETURNING = 'corner-shop:returning';
let products = [];
let pioneer;

const sections = ['shop', 'orders', 'earn'];

function showSection() {
  const open = sections.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'shop';
  for (const section of sections) {
    find(section).hidden = section !== open;
    const tab = document.querySelector(`.tabs [href="#${section}"]`);
    if (section === open) tab?.setAttribute('aria-current', 'page');
    else tab?.removeAttribute('aria-current');
  }
  globalThis.scrollTo(0, 0);
  void refresh();
}

/** Says what went wrong instead of failing silently. */
const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    toast(error.message, 'bad');
    return undefined;
  }
};

async function enter() {
  if (pioneer) return;
  find('sign-in').disabled = true;
  try {
    const auth = await signIn();
    useToken(auth.accessToken);
    pioneer = await api('GET', '/api/me');
    localStorage.setItem(RETURNING, 'yes');
    const name = pioneer.username ?? 'Pioneer';
    find('pioneer').textContent = name;
    find('pioneer').dataset.initial = name.slice(0, 1).toUpperCase();
    find('pioneer').hidden = false;
    find('sign-in').hidden = true;
  } finally {
    find('sign-in').disabled = false;
  }
  await refresh();
}

async function purchase(product) {
  await enter();
  const { outcome, reason } = await buy(product, { onProgress: toast });
  if (outcome === 'paid') toast(`${product.name} is yours. Thank you!`);
  if (outcome === 'cancelled') toast('No payment was made.');
  if (outcome === 'failed') toast(reason ?? 'The payment did not go through.', 'bad');
  await refresh();
}

async function earn() {
  await enter();
  const adId = await watchAd();
  if (!adId) return toast('The ad was closed early: no reward this time.');
  await api('POST', '/api/ads/reward', { body: { adId } });
  toast('Thank you for watching! Your reward is on its way.');
  await refresh();
}

async function refresh() {
  if (!pioneer) return;
  await attempt(async () => {
    const [orders, rewards] = await Promise.all([api('GET', '/api/orders'), api('GET', '/api/rewards')]);
    find('order-list').replaceChildren(...orders.map((order) => orderRow(order, products)));
    find('no-orders').hidden = orders.length > 0;
    find('reward-list').replaceChildren(...rewards.map(rewardRow));
  });
}

async function start() {
  globalThis.addEventListener('hashchange', showSection);
  find('sign-in').addEventListener('click', () => attempt(enter));
  find('watch-ad').addEventListener('click', () => attempt(earn));
  const config = await api('GET', '/api/config');
  if (config.rewardAmount === null) document.querySelector('.tabs [href="#earn"]').remove();
  else find('reward-amount').replaceChildren(config.rewardAmount, ' ', element('span', { class: 'pi' }, 'π'));
  const network = document.querySelector('.network');
  network.textContent = config.network === 'mainnet' ? '' : 'Testnet';
  network.hidden = config.network === 'mainnet';

  products = await api('GET', '/api/products');
  find('products').replaceChildren(
    ...products.map((product) => productCard(product, () => attempt(() => purchase(product)))),
  );
  showSection();
  find('no-orders').hidden = false;
  // A Pioneer who was here before is asked at once: Pi then hands over a payment that was left unfinished.
  if (localStorage.getItem(RETURNING)) await attempt(enter);
  setInterval(() => document.visibilityState === 'visible' && void refresh(), 4_000);
}

await attempt(start);
document.documentElement.dataset.ready = 'true';
