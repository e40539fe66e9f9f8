import { api, useToken } from './api.js';
import { buy, signIn, watchAd } from './pi-client.js';
import { element, orderRow, productCard, rewardRow, sayingOnce, toast } from './views.js';
import { claimWatched, noteWatched } from './watched-ads.js';

const find = (id) => document.getElementById(id);
const RETURNING = 'corner-shop:returning';
let products = [];
let pioneer;
let entering;

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
  void attempt(refresh);
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

/** Whoever asks while somebody is signing in waits for that. */
const enter = () => (entering ??= askWhoItIs().finally(() => (entering = undefined)));

async function askWhoItIs() {
  if (pioneer) return;
  find('sign-in').disabled = true;
  try {
    const auth = await signIn();
    useToken(auth.accessToken);
    pioneer = await api('GET', '/api/me');
    localStorage.setItem(RETURNING, 'yes');
    const name = pioneer.username ?? 'Pioneer';
    find('pioneer').replaceChildren(element('span', { title: name }, name));
    find('pioneer').dataset.initial = name.slice(0, 1).toUpperCase();
    find('pioneer').hidden = false;
    find('sign-in').hidden = true;
  } finally {
    find('sign-in').disabled = false;
  }
  await attempt(refresh);
}

/** Tokens expire: then it takes another sign-in, and not a complaint every few seconds. */
function leaveIfExpired(error) {
  if (error.status !== 401) throw error;
  pioneer = undefined;
  useToken(undefined);
  find('pioneer').hidden = true;
  find('sign-in').hidden = false;
  throw new Error('Your sign-in has expired. Please sign in again.');
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
  noteWatched(pioneer.uid, adId);
  const { waiting } = await claim();
  if (waiting) toast('The ad network has not confirmed this ad yet. Your reward comes as soon as it has.');
  await refresh();
}

async function claim() {
  if (!pioneer) return {};
  const outcome = await claimWatched(pioneer.uid);
  if (outcome.given) toast('Thank you for watching! Your reward is on its way.');
  return outcome;
}

async function refresh() {
  if (!pioneer) return;
  const mine = Promise.all([api('GET', '/api/orders'), api('GET', '/api/rewards')]);
  const [orders, rewards] = await mine.catch(leaveIfExpired);
  find('order-list').replaceChildren(...orders.map((order) => orderRow(order, products)));
  find('no-orders').textContent = 'Nothing here yet. Your orders appear as soon as they are paid.';
  find('no-orders').hidden = orders.length > 0;
  find('reward-list').replaceChildren(...rewards.map(rewardRow));
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
  const refreshQuietly = sayingOnce(refresh);
  const claimQuietly = sayingOnce(claim);
  setInterval(() => document.visibilityState === 'visible' && void claimQuietly(), 10_000);
  setInterval(() => document.visibilityState === 'visible' && void refreshQuietly(), 4_000);
}

await attempt(start);
document.documentElement.dataset.ready = 'true';
