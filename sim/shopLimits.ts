/**
 * One buyer may ask for as much as they like: for tests, demonstrations and measurements that are about
 * something else.
 */
export const noShopLimits = Object.fromEntries(
  ['EMAIL', 'TAX_ID', 'ADDRESS', 'ORDER', 'LETTERS', 'HELD'].map(name => [`SHOP_LIMIT_${name}`, 'none']),
)
