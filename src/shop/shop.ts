/**
 * The shop: products, orders and where their money goes. What needs the rails (placing, seeing, a new code)
 * is in `src/jobs/orders.ts`.
 */
export * from './product.ts'
export {
  maxPhotoBytes,
  maxPhotoPixels,
  maxPhotoSide,
  minPhotoSide,
  readPhoto,
  type Photo,
  type PhotoRefusal,
} from './photo.ts'
export type { OrderRefusal, ShopRefusal } from './refusals.ts'
export { isAddress, maxEmailLength } from '../base/mailAddress.ts'
export { checkBuyer, maxNameLength, type Buyer, type BuyerFault } from './buyer.ts'
export {
  findOrder,
  findOrderByToken,
  invoicesOf,
  languages,
  linesOf,
  numberOf,
  orderMachine,
  type Language,
  type OrderLineRow,
  type OrderRow,
  type OrderState,
} from './order.ts'
export {
  codeMs,
  isKey,
  mayAskAgain,
  maxLines,
  maxOfOne,
  newKey,
  watchMs,
  writeNewCode,
  writeOrder,
  type BasketLine,
  type NewCode,
  type OrderFault,
  type Placed,
  type PlaceTerms,
  type Placing,
} from './place.ts'
export { followOrders } from './follow.ts'
export { attended, endOrder, mayEnd, orderCalled, sendMailsAgain } from './person.ts'
export { composeMail, type Sheet } from './mails.ts'
export { payShopTo, shopRules, stopOffering, type NewRule, type ShopRule } from './rules.ts'
export {
  orderStatus,
  type BitcoinCode,
  type Code,
  type LookedAt,
  type OrderStatus,
  type Paid,
  type PixCode,
  type Surroundings,
} from './status.ts'
