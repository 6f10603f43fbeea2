/** What shows that it was paid: when, how, how much, and the numbers it is known by outside. */
import type { Instant } from '../../../base/world.ts'
import { assetOf } from '../../../base/rails.ts'
import type { Paid } from '../../../shop/shop.ts'
import { amount, moment, type Language } from '../../page/page.ts'
import { Facts } from '../../page/parts.tsx'
import { shopWords } from '../words.ts'

export function Receipt({ lang, at, paid }: { lang: Language; at: Instant; paid: Paid }) {
  const say = shopWords[lang]
  const ids = paid.proofs.map(proof => <p class="mono">{proof}</p>)
  return (
    <section class="card" aria-labelledby="receipt-title">
      <h2 id="receipt-title">{say.receipt}</h2>
      <Facts
        facts={[
          [say.paidAt, <time dateTime={at}>{moment(lang, at)}</time>],
          [say.paidWith, say.rails[paid.rail]],
          [say.amountPaid, amount(lang, paid.units, assetOf(paid.rail))],
          [say.invoice, <span class="mono">{paid.invoiceId}</span>],
          [say.proof[paid.rail], ids.length > 0 ? ids : undefined],
        ]}
      />
    </section>
  )
}

/** What the chain calls it, so that a buyer can look for it anywhere. */
export const Transactions = ({
  lang,
  txids,
  received,
}: {
  lang: Language
  txids: readonly string[]
  received?: bigint
}) => {
  const say = shopWords[lang]
  return (
    <Facts
      facts={[
        [say.received, received === undefined ? undefined : amount(lang, received, 'BTC')],
        [say.transactions, txids.length > 0 ? txids.map(txid => <p class="mono">{txid}</p>) : undefined],
      ]}
    />
  )
}
