/** Why an act on products, orders or the shop's rules is not done, as codes. */
import type { AccountKind, RailName } from '../base/rails.ts'
import { refusing } from '../base/refusal.ts'
import type { Instant } from '../base/world.ts'
import type { InvoiceState } from '../invoice/invoice.ts'
import type { AccountRefusal } from '../payout/payout.ts'
import type { PhotoRefusal } from './photo.ts'
import type { OrderState, ProductState } from './states.ts'

export type ShopRefusal = ProductRefusal | OrderRefusal | RuleRefusal

export type ProductRefusal =
  | { is: 'product-unknown'; name: string }
  /** `slug`: the address that both would have. */
  | { is: 'product-name-taken'; name: string; slug: string; state: ProductState }
  /** No letter or digit that an address could be made of. */
  | { is: 'product-name-unusable'; name: string }
  /** Since whoever changes it saw it. */
  | { is: 'product-changed'; name: string }
  | { is: 'product-stock-short'; name: string; stock: bigint; less: bigint }
  | { is: 'product-state'; name: string; state: ProductState }
  | PhotoRefusal

export type OrderRefusal =
  | { is: 'order-unknown'; name: string }
  /** Several have the number that people call it by. */
  | { is: 'order-ambiguous'; number: string }
  | { is: 'order-attended'; id: string }
  | { is: 'order-state'; id: string; state: OrderState }
  | { is: 'order-being-paid'; id: string; invoice: string; state: InvoiceState }
  | { is: 'order-payable'; id: string; until: Instant }
  | { is: 'order-buyer-forgotten'; id: string }
  | { is: 'order-no-mail-failed'; id: string }

export type RuleRefusal =
  | Extract<AccountRefusal, { is: 'account-unknown' }>
  | { is: 'shop-account-kind'; account: string; kind: AccountKind; rail: RailName; takes: AccountKind }
  | { is: 'shop-account-closed'; account: string }
  | { is: 'shop-rail-not-offered'; rail: RailName }

export const { refuse, refuseIf, answering } = refusing<ShopRefusal>()
