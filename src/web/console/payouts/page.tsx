/**
 * One payout: from gross to net with each part's posting, the orders that pay it, what moved it, and what a
 * person may do about it.
 */
import type { Asset } from '../../../base/money.ts'
import type { AccountRow, Stop } from '../../../payout/payout.ts'
import type { Person } from '../../../people/people.ts'
import { nextLookOf, payoutWaits, type ShownOrder, type ShownPayout } from '../../../queries/payouts.ts'
import { lastOf } from '../../../queries/transactions.ts'
import { amount, type Language } from '../../page/page.ts'
import { Notice, Time } from '../../page/parts.tsx'
import { ActForm, Frame } from '../frame/frame.tsx'
import { BeyondLimits } from '../limits/page.tsx'
import { Movers } from '../invoices/page.tsx'
import { pathTo } from '../links.ts'
import { Because, Known, Money, Mono, Ref, Rows, State, Timeline, Why } from '../list/parts.tsx'
import { SignButton, type Signable } from '../people/passkeys.tsx'
import { HandOver } from './handOver.tsx'
import { Verdicts } from './verdicts.tsx'
import { Postings } from '../postings/parts.tsx'
import { ledgerWords } from '../postings/words.ts'
import { listWords } from '../list/words.ts'
import { passkeyWords } from '../people/passkeysWords.ts'
import { reasonIn } from '../list/reasonWords.ts'
import { payoutWords } from './words.ts'

interface Parts {
  lang: Language
  person: Person
  seen: ShownPayout
  stopped: Stop | undefined
  /** Where else it may go. */
  others: readonly AccountRow[]
  /** What this person may do to it now. */
  acts: readonly PayoutAct[]
  /** What a passkey signs to release it or try it again. */
  sign: Signable | undefined
}

export const payoutActs = ['hold', 'release', 'retry'] as const
export type PayoutAct = (typeof payoutActs)[number]

export function PayoutPage({ lang, person, seen, stopped, others, acts, sign }: Parts) {
  const [say, lists] = [payoutWords[lang], listWords[lang]]
  const { row, orders, steps, postings, movers } = seen
  const waits = payoutWaits(row)
  const next = nextLookOf(row)
  const ids = [...new Set(movers.flatMap(({ endToEnd }) => endToEnd))]
  return (
    <Frame
      {...{
        lang,
        person,
        stopped,
        here: 'payouts',
        title: `${say.one} ${amount(lang, row.units, row.asset)}`,
        scripts: sign ? ['consolePasskey.js'] : [],
      }}
    >
      <p class="headline">
        <State {...{ lang, of: 'payout', state: row.state }} /> <Mono>{row.id}</Mono>
      </p>
      <Known
        facts={[
          [say.to, <a href={pathTo('account', row.account)}>{row.account}</a>],
          [say.invoice, <Ref {...{ id: row.invoice_id, href: pathTo('invoice', row.invoice_id) }} />],
          [say.payer, seen.payer],
          // What a limit keeps is said below, in the page's words.
          [lists.why, row.why !== null && !seen.limits.wait && <Because {...{ lang, of: row }} />],
          [say.waits, waits !== undefined && reasonIn(lang, waits)],
          [say.next, next !== undefined && <Time lang={lang} at={next} />],
          [say.tries, row.tries > 0n && `${row.tries}`],
          [say.endToEnd, ids.length > 0 && <Mono>{ids.join(', ')}</Mono>],
          [lists.addedHe, <Time lang={lang} at={row.added_at} />],
          [say.changed, <Time lang={lang} at={row.changed_at} />],
        ]}
      />
      <Sum {...{ lang, seen }} />
      <BeyondLimits {...{ lang, person, ...seen.limits }} />
      <Acts {...{ lang, person, row, acts, sign }} />
      <HandOver {...{ lang, person, row }} />
      <Verdicts {...{ lang, person, facts: seen.facts, others }} />
      <h2>{say.orders}</h2>
      {orders.length === 0 && <p class="empty">{say.noOrder}</p>}
      {orders.map((order, place) => (
        <Order {...{ lang, order, asset: row.asset, place }} />
      ))}
      <Movers {...{ lang, movers }} />
      <Timeline {...{ lang, of: 'payout', steps }} />
      <Postings {...{ lang, postings }} />
    </Frame>
  )
}

function Sum({ lang, seen: { row, lines, orders } }: Pick<Parts, 'lang' | 'seen'>) {
  const [say, books] = [payoutWords[lang], ledgerWords[lang]]
  const last = lastOf(orders.at(-1)?.transactions ?? [])
  const total = lines.reduce((sum, { units }) => sum + units, 0n)
  const money = (units: bigint) => amount(lang, units, row.asset)
  return (
    <section aria-labelledby="sum">
      <h2 id="sum">{say.sum}</h2>
      <div class="wide">
        <table class="sum">
          <tbody>
            {lines.map(({ posting, units }) => (
              <tr>
                <th scope="row">
                  <a href={pathTo('transaction', posting.id)}>
                    {units > 0n ? say.gross : books.movements[posting.movement]}
                  </a>
                </th>
                <td class="number">{money(units)}</td>
              </tr>
            ))}
            <tr class="total">
              <th scope="row">{say.net}</th>
              <td class="number">{money(row.units)}</td>
            </tr>
            {last && (
              <>
                <tr>
                  <th scope="row">{say.networkFee}</th>
                  <td class="number">{money(-last.share_units)}</td>
                </tr>
                <tr class="total">
                  <th scope="row">{say.reaches}</th>
                  <td class="number">{money(last.units)}</td>
                </tr>
              </>
            )}
          </tbody>
        </table>
      </div>
      {total !== row.units && <Notice tone="wait">{say.differs}</Notice>}
    </section>
  )
}

function Acts({
  lang,
  person,
  row,
  acts,
  sign,
}: Pick<Parts, 'lang' | 'person' | 'acts' | 'sign'> & Pick<ShownPayout, 'row'>) {
  const say = payoutWords[lang]
  const words = {
    hold: [say.holdTitle, say.holdHint, say.hold],
    release: [say.releaseTitle, say.releaseHint, say.release],
    retry: [say.retryTitle, say.retryHint, say.retry],
  } as const
  return acts.map(act => (
    <details class="act">
      <summary>{words[act][0]}</summary>
      <ActForm {...{ lang, person, act: `payout.${act}`, action: `/console/payouts/${row.id}/${act}` }}>
        <p>{words[act][1]}</p>
        <Why {...{ lang, id: act }} />
        {act !== 'hold' && <SignButton {...{ lang, sign, label: passkeyWords[lang].signActs[act] }} />}
        <button class={act === 'hold' ? 'plain' : undefined}>{words[act][2]}</button>
      </ActForm>
    </details>
  ))
}

function Order({
  lang,
  order,
  asset,
  place,
}: {
  lang: Language
  order: ShownOrder
  asset: Asset
  place: number
}) {
  const [say, lists] = [payoutWords[lang], listWords[lang]]
  const { attempt, steps, transactions, bundle } = order
  return (
    <article class="card">
      <p class="headline">
        <State {...{ lang, of: 'attempt', state: attempt.state }} /> <Mono>{attempt.external_id}</Mono>
      </p>
      <Known
        facts={[
          [lists.amount, <Money {...{ lang, units: attempt.units, asset }} />],
          [say.atBank, attempt.provider_id !== null && <Mono>{attempt.provider_id}</Mono>],
          [say.fee, attempt.fee_units !== null && <Money {...{ lang, units: attempt.fee_units, asset }} />],
          [say.bundle, bundle && <Ref {...{ id: bundle.id, href: pathTo('bundle', bundle.id) }} />],
          [lists.why, attempt.why !== null && <Because {...{ lang, of: attempt }} />],
          [say.asked, <Time lang={lang} at={attempt.asked_at} />],
        ]}
      />
      {transactions.length > 0 && (
        <Rows
          lang={lang}
          caption={say.transactions}
          rows={transactions}
          empty={lists.none}
          columns={[
            { head: 'txid', cell: ({ id }) => <Mono>{id}</Mono> },
            { head: lists.state, cell: ({ state }) => <State {...{ lang, of: 'candidate', state }} /> },
            {
              head: say.pays,
              number: true,
              cell: ({ units }) => <Money {...{ lang, units, asset: 'BTC' }} />,
            },
            {
              head: say.share,
              number: true,
              cell: ({ share_units: units }) => <Money {...{ lang, units, asset: 'BTC' }} />,
            },
            {
              head: say.wholeFee,
              number: true,
              cell: ({ fee_units: units }) => <Money {...{ lang, units, asset: 'BTC' }} />,
            },
            { head: say.address, cell: ({ address }) => <Mono>{address}</Mono> },
            { head: say.block, number: true, cell: ({ height }) => (height === null ? '–' : `${height}`) },
          ]}
        />
      )}
      <Timeline {...{ lang, of: 'attempt', steps, id: `order-${place}` }} />
    </article>
  )
}
