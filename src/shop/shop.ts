/** The shop: products, orders and where their money goes. What needs the rails (placing, seeing, a new code) is in `src/jobs/orders.ts`. */
export * from './product.ts'
export { mostPhotoBytes, readPhoto, type Photo } from './photo.ts'
export { isAddress, mostEmailLength } from '../base/mailAddress.ts'
export { checkBuyer, mostNameLength, type Buyer, type BuyerFault } from './buyer.ts'
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
  mayAskAnew,
  mostLines,
  mostOfOne,
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
export { attended, endOrder, needOrder, sendLettersAgain } from './person.ts'
export { composeLetter, type Sheet } from './letters.ts'
export { payShopTo, shopRules, stopOffering, type NewRule, type ShopRule } from './rules.ts'
export {
  standingOfOrder,
  type BitcoinCode,
  type Code,
  type LookedAt,
  type OrderStanding,
  type Paid,
  type PixCode,
  type Surroundings,
} from './standing.ts'
