/**
 * One invoice: what was asked, where it is paid, what came, what moved it, and what became of the money, each
 * line linked to its cause.
 */
import { reasonIn } from '../list/reasonWords.ts'
import type { ComponentChildren } from 'preact'
import { ripeDepthOf } from '../../../chain/chain.ts'
import { formatDuration } from '../../../base/duration.ts'
import { chargesFees, isOnChain, keepsInvoices } from '../../../base/rails.ts'
import type { BitcoinSetup } from '../../../jobs/jobs.ts'
import type { PayoutRow, Stop } from '../../../payout/payout.ts'
import { mayAccept } from '../../../webhooks/webhooks.ts'
import { may, type Person } from '../../../people/people.ts'
import { amount, type Language } from '../../page/page.ts'
import { Notice, Time, type Facts } from '../../page/parts.tsx'
import { Duplicates } from './duplicates.tsx'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import { ActNotice, InvoiceActs } from './acts.tsx'
import type { Mover } from '../../../queries/movers.ts'
import type { SeenInvoice } from './see.ts'
import { pathTo } from '../links.ts'
import { Because, Known, Money, Mono, railWord, Ref, Rows, State, Timeline } from '../list/parts.tsx'
import { Postings } from '../postings/parts.tsx'
import { CoinRefunds } from './coinRefunds.tsx'
import { Forgotten, PersonalData, TaxId } from '../privacy/parts.tsx'
import { percent } from '../schedules/page.tsx'
import { Receive, TakeBack } from './receive.tsx'
import { invoiceWords } from './words.ts'
import { listWords } from '../list/words.ts'
import { scheduleWords } from '../schedules/words.ts'

interface Parts {
  lang: Language
  person: Person
  seen: SeenInvoice
  bitcoin: BitcoinSetup | undefined
  stopped: Stop | undefined
  /** What an act that was just done came to. */
  said?: unknown
  /** The tax id whole: that it was asked for is written down. */
  whole?: boolean
}

export function InvoicePage({ lang, person, seen, bitcoin, stopped, said, whole = false }: Parts) {
  const say = invoiceWords[lang]
  const { row, derived, payouts, steps, postings, movers } = seen
  const differs = derived !== undefined && row.provider_id !== null && derived.address !== row.provider_id
  return (
    <Frame
      {...{
        lang,
        person,
        stopped,
        here: 'invoices',
        title: `${say.one} ${amount(lang, row.units, row.asset)}`,
      }}
    >
      <ActNotice {...{ lang, said }} />
      <p class="headline">
        <State {...{ lang, of: 'invoice', state: row.state }} /> <Mono>{row.id}</Mono>
      </p>
      {differs && <Notice tone="bad">{say.differs}</Notice>}
      <Known
        facts={[
          ...asked(lang, seen, <TaxId {...{ lang, person, row, whole }} />),
          ...placed(lang, seen, differs),
          ...caused(lang, seen),
        ]}
      />
      {isOnChain(row.rail) && <Payments {...{ lang, seen, bitcoin }} />}
      {!mayAccept(row, seen.looked) && may(person.role, 'invoice.accept') && (
        <section aria-labelledby="accept">
          <h2 id="accept">{say.acceptTitle}</h2>
          <ActForm {...{ lang, person, act: 'invoice.accept', action: `/console/invoices/${row.id}/accept` }}>
            <p>{say.acceptHint}</p>
            <Reason lang={lang} />
            <button>{say.accept}</button>
          </ActForm>
        </section>
      )}
      <CoinRefunds {...{ lang, person, row, payouts, refunds: seen.refunds }} />
      <Receive {...{ lang, person, acts: seen.acts }} />
      <TakeBack {...{ lang, person, acts: seen.acts }} />
      <InvoiceActs {...{ lang, person, acts: seen.acts }} />
      <PersonalData {...{ lang, person, row }} />
      <Duplicates {...{ lang, person, twins: seen.twins, stopped }} />
      <Payouts {...{ lang, payouts }} />
      <Movers {...{ lang, movers }} />
      <Timeline {...{ lang, of: 'invoice', steps }} />
      <Postings {...{ lang, postings }} />
    </Frame>
  )
}

type FactList = Parameters<typeof Facts>[0]['facts'][number][]

function asked(lang: Language, { row, looked }: SeenInvoice, taxId: ComponentChildren): FactList {
  const say = invoiceWords[lang]
  const money = (units: bigint | null, asset = row.asset) =>
    units !== null && <Money {...{ lang, units, asset }} />
  const missing = looked?.standing.missing ?? 0n
  return [
    [say.asked, money(row.units)],
    [say.askedFor, money(row.quote_units, 'BRL')],
    [
      say.rate,
      row.rate_units !== null && (
        <>
          {amount(lang, row.rate_units, 'BRL')} {say.perCoin}{' '}
          {row.rate_at && <Time lang={lang} at={row.rate_at} />}
        </>
      ),
    ],
    [say.sources, row.rate_units !== null && (row.rate_sources ?? listWords[lang].unknown)],
    [say.received, looked && looked.standing.received > 0n && money(looked.standing.received)],
    [say.missing, looked && missing > 0n && looked.standing.received > 0n && money(missing)],
    [say.paid, money(row.paid_units)],
    [say.fee, chargesFees(row.rail) && money(row.fee_units)],
    [say.over, row.late_by],
    [
      say.payer,
      row.forgotten_at === null ? row.payer_name : <Forgotten {...{ lang, at: row.forgotten_at }} />,
    ],
    [say.taxId, row.payer_tax_id !== '' && taxId],
    [say.description, row.description],
    [say.due, <Time lang={lang} at={row.due_at} />],
    [
      scheduleWords[lang].one.facts.late,
      row.fine_bp !== null &&
        scheduleWords[lang].one.late(
          percent(lang, row.fine_bp),
          percent(lang, row.interest_bp ?? 0n),
          formatDuration(Number(row.expires_in_ms)),
        ),
    ],
    [scheduleWords[lang].one.facts.early, row.discounts],
  ]
}

function placed(lang: Language, { row, derived, uri }: SeenInvoice, differs: boolean): FactList {
  const say = invoiceWords[lang]
  const rail: FactList[number] = [listWords[lang].rail, railWord(lang, row.rail)]
  if (keepsInvoices(row.rail))
    return [
      rail,
      [say.provider, row.provider_id && <Mono>{row.provider_id}</Mono>],
      [say.tag, <Mono>{row.batch_tag}</Mono>],
      [say.link, safeLink(row.link)],
      [say.code, row.brcode && <Mono>{row.brcode}</Mono>],
    ]
  if (!isOnChain(row.rail)) return [rail]
  return [
    rail,
    [
      say.address,
      row.provider_id && (
        <>
          <Mono>{row.provider_id}</Mono> {!differs && `(${derived ? say.derived : say.notDerived})`}
        </>
      ),
    ],
    [say.number, row.address_index !== null && `${row.address_index}${derived ? ` · ${derived.path}` : ''}`],
    [say.uri, uri && <Mono>{uri}</Mono>],
    [say.watched, row.watch_until && <Time lang={lang} at={row.watch_until} />],
    [say.confirmations, row.confirmations !== null && say.blocks(row.confirmations)],
  ]
}

/** The bank says where its page is; only https is followed. */
const safeLink = (link: string | null) =>
  link?.startsWith('https://') ? (
    <a href={link} rel="noreferrer">
      {link}
    </a>
  ) : (
    link
  )

function caused(lang: Language, { row, slot, movers }: SeenInvoice): FactList {
  const say = invoiceWords[lang]
  const ids = [...new Set(movers.flatMap(({ endToEnd }) => endToEnd))]
  return [
    [say.endToEnd, ids.length > 0 && <Mono>{ids.join(', ')}</Mono>],
    [say.schedule, slot && <a href={pathTo('schedule', slot.schedule)}>{slot.schedule}</a>],
    [
      say.slot,
      slot && (
        <>
          <a href={`/console/runs?slot=${slot.id}`}>{slot.id}</a> {say.slotDue}{' '}
          <Time lang={lang} at={slot.due_at} />
        </>
      ),
    ],
    [say.order, row.order_id && <a href={pathTo('order', row.order_id)}>{row.order_id}</a>],
    [say.account, <a href={pathTo('account', row.account)}>{row.account}</a>],
    [
      say.commission,
      `${row.commission_bp / 100n},${(row.commission_bp % 100n).toString().padStart(2, '0')} %`.replace(
        ',',
        lang === 'en' ? '.' : ',',
      ),
    ],
    [
      say.least,
      row.min_payout_units > 0n && <Money {...{ lang, units: row.min_payout_units, asset: row.asset }} />,
    ],
    [listWords[lang].added, <Time lang={lang} at={row.added_at} />],
    [say.changed, <Time lang={lang} at={row.changed_at} />],
  ]
}

function Payments({ lang, seen: { row, looked }, bitcoin }: Omit<Parts, 'person' | 'stopped'>) {
  const say = invoiceWords[lang]
  const needed = Math.max(Number(row.confirmations ?? 1n), bitcoin?.terms.payoutDepth ?? 0)
  return (
    <section aria-labelledby="payments">
      <h2 id="payments">{say.payments}</h2>
      {looked && <p>{reasonIn(lang, looked.standing.why)}</p>}
      <Rows
        lang={lang}
        caption={listWords[lang].tz}
        rows={looked?.payments ?? []}
        empty={listWords[lang].none}
        columns={[
          { head: say.coin, cell: ({ coin }) => <Mono>{coin.id}</Mono> },
          {
            head: listWords[lang].amount,
            number: true,
            cell: ({ coin }) => <Money {...{ lang, units: coin.units, asset: 'BTC' }} />,
          },
          {
            head: listWords[lang].state,
            cell: ({ coin }) => <State {...{ lang, of: 'coin', state: coin.state }} />,
          },
          {
            head: say.confirmations,
            number: true,
            cell: ({ coin, depth }) => `${Math.max(depth, 0)}/${Math.max(needed, ripeDepthOf(coin))}`,
          },
          {
            head: say.counts,
            cell: ({ counts, depth, spent }) =>
              counts ? say.counted : depth >= 0 && !spent ? say.waitsPerson : '–',
          },
          { head: say.firstSeen, cell: ({ coin }) => <Time lang={lang} at={coin.first_seen_at} /> },
          {
            head: say.block,
            number: true,
            cell: ({ coin }) => (coin.state === 'mined' && coin.height !== null ? `${coin.height}` : '–'),
          },
        ]}
      />
    </section>
  )
}

export function Payouts({ lang, payouts }: { lang: Language; payouts: readonly PayoutRow[] }) {
  const say = listWords[lang]
  return (
    <section aria-labelledby="payouts">
      <h2 id="payouts">{invoiceWords[lang].payouts}</h2>
      <Rows
        lang={lang}
        caption={say.tz}
        rows={payouts}
        empty={invoiceWords[lang].noPayout}
        columns={[
          { head: say.id, cell: ({ id }) => <Ref {...{ id, href: pathTo('payout', id) }} /> },
          { head: say.state, cell: ({ state }) => <State {...{ lang, of: 'payout', state }} /> },
          {
            head: say.amount,
            number: true,
            cell: ({ units, asset }) => <Money {...{ lang, units, asset }} />,
          },
          { head: say.why, cell: row => (row.why === null ? '–' : <Because {...{ lang, of: row }} />) },
        ]}
      />
    </section>
  )
}

export function Movers({ lang, movers }: { lang: Language; movers: readonly Mover[] }) {
  const say = listWords[lang]
  return (
    <section aria-labelledby="events">
      <h2 id="events">{invoiceWords[lang].events}</h2>
      <Rows
        lang={lang}
        caption={say.tz}
        rows={movers}
        empty={invoiceWords[lang].noEvents}
        columns={[
          {
            head: say.id,
            cell: ({ id, eventId }) => <Ref {...{ id: eventId, href: pathTo('event', `${id}`) }} />,
          },
          { head: say.kinds.event, cell: ({ kind }) => kind ?? '–' },
          { head: say.state, cell: ({ state }) => <State {...{ lang, of: 'event', state }} /> },
          { head: say.when, cell: ({ receivedAt }) => <Time lang={lang} at={receivedAt} /> },
        ]}
      />
    </section>
  )
}
