/** What is against signing a transaction, as commands say it and as it is kept. */
import { sentence, type Told } from '../../base/reasons.ts'
import type { AgainstSigning } from './refusals.ts'

export const notAsOwedText = (what: readonly string[]): string =>
  `it is not what the books owe and people approved: ${what.join(', ')}`

export const objectedText = (why: Told): string =>
  `${sentence(why)}; cancel the bundle, and its other payouts go in another one`

export function againstText(against: AgainstSigning): string {
  switch (against.is) {
    case 'not-as-owed':
      return notAsOwedText(against.what)
    case 'objected':
      return objectedText(against.why)
    case 'policy':
      return against.said
    case 'ended':
      return 'it was canceled, or can never be mined'
  }
}
