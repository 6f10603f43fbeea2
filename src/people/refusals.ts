/** Why an act about people is not done, as codes. */
import { refusing } from '../base/refusal.ts'
import type { LedgerRefusal } from '../ledger/ledger.ts'

export type PeopleRefusal = LedgerRefusal | { is: 'objection-by-oneself'; by: string }

export const { refuse, refuseIf, answering } = refusing<PeopleRefusal>()
