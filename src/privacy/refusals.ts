/** Why what is held on a person is not read or forgotten, as codes. */
import { refusing } from '../base/refusal.ts'
import type { RosterRefusal } from '../base/roster.ts'
import type { ShopRefusal } from '../shop/shop.ts'

export type PrivacyRefusal = ShopRefusal | RosterRefusal

export const { refuse, answering } = refusing<PrivacyRefusal>()
