/** Why an act on products, orders or the shop's rules was not done, as commands say it. */
import type { WordsOf } from '../../base/refusal.ts'
import type { AccountRefusal } from '../../payout/payout.ts'
import { maxPhotoPixels, maxPhotoSide, minPhotoSide, type ShopRefusal } from '../../shop/shop.ts'

export const shopRefusals: WordsOf<Exclude<ShopRefusal, AccountRefusal>> = {
  'product-unknown': ({ name }) => `there is no product "${name}": "repasse product list" shows them`,
  'product-name-taken': ({ name, slug, state }) => {
    const seen = state === 'removed' ? `${slug}, removed` : slug
    return `there is a product "${name}" already (${seen}): edit that one, or choose another name`
  },
  'product-name-unusable': ({ name }) =>
    `"${name}" has no letter or digit that an address could be made of: choose another name`,
  'product-changed': ({ name }) => `product "${name}" was changed meanwhile: look at it again`,
  'product-stock-short': ({ name, stock, less }) =>
    `there are ${stock} of "${name}", so ${less} cannot be taken away: take away fewer`,
  'product-state': ({ name, state }) => `product "${name}" is ${state} already`,
  'photo-too-large': ({ bytes, maxBytes }) =>
    `the photo has ${Math.ceil(bytes / 1024)} kB, and may have ${maxBytes / 1024}: save it smaller`,
  'photo-of-other-kind': () => 'the photo is no JPEG, PNG or WebP by its bytes: save it as one of these',
  'photo-broken': ({ kind }) =>
    `the photo begins like a ${kind} and is none, or has something behind its end: save it again`,
  'photo-of-other-size': ({ width, height }) => {
    const sides = `${minPhotoSide} to ${maxPhotoSide} a side`
    return `the photo is ${width} × ${height} pixels: expected ${sides}, and at most ${maxPhotoPixels / 1e6} million in all`
  },
  'order-unknown': ({ name }) => `there is no order "${name}": "repasse order list" shows them`,
  'order-ambiguous': ({ number }) => `several orders are called ${number}: say which by its id`,
  'order-attended': ({ id }) => `order ${id} needs nobody: "repasse order list" shows the orders that do`,
  'order-state': ({ id, state }) => `order ${id} is ${state} already`,
  'order-being-paid': ({ id, invoice, state }) =>
    `order ${id} is being paid: invoice ${invoice} is ${state}, so wait for how that ends`,
  'order-payable': ({ id, until }) => `order ${id} can be paid until ${until}: end it after that`,
  'order-buyer-forgotten': ({ id }) => `the buyer of order ${id} was forgotten: there is nowhere to write to`,
  'order-no-mail-failed': ({ id }) =>
    `no letter of order ${id} has failed: "repasse order show ${id}" says how they stand`,
  'shop-account-kind': ({ account, kind, rail, takes }) =>
    `"${account}" is a ${kind} account, and the ${rail} rail pays to a ${takes} account: "repasse account list" shows them`,
  'shop-account-closed': ({ account }) => `account "${account}" is closed: name another`,
  'shop-rail-not-offered': ({ rail }) =>
    `the shop does not offer ${rail}: "repasse shop show" says what it does`,
}
