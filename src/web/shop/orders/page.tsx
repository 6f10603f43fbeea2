/** The order's page: where it stands, told truthfully, and what its buyer can do about it. */
import type { ComponentChildren } from 'preact'
import type { ShownOrder } from '../../../jobs/jobs.ts'
import type { Millis } from '../../../base/world.ts'
import type { RailName } from '../../../base/rails.ts'
import { numberOf, type OrderStatus } from '../../../shop/shop.ts'
import { amount } from '../../page/page.ts'
import { Facts, Faults, Notice, type Tone } from '../../page/parts.tsx'
import { BitcoinCodePart } from './bitcoin.tsx'
import { ShopFrame, type Shop } from '../frame.tsx'
import { countdownOf, Countdown } from './countdown.tsx'
import { PixCodePart } from './pix.tsx'
import { Receipt, Transactions } from './receipt.tsx'
import { shopWords, type ShopWords } from '../words.ts'

export interface OrderParts {
  shop: Shop
  seen: ShownOrder
  /** Changes whenever something on the page does; the page's module compares it. */
  version: string
  now: Millis
  /** Other rails that may be asked for a code. */
  others: readonly RailName[]
  faults?: Readonly<Record<string, string>>
  /** There in the demonstration: how much of it the make-believe payer can be asked for. */
  simulate: boolean
}

const refreshSeconds = 15

export function OrderPage({
  shop,
  seen: { order, lines, standing },
  version,
  now,
  others,
  faults = {},
  simulate,
}: OrderParts) {
  const { lang } = shop
  const say = shopWords[lang]
  const title = titleOf(say, standing)
  const count = countdownOf(standing)
  const isOpen = standing.is !== 'paid'
  const refreshes = ['preparing', 'waiting', 'seen', 'confirming', 'underpaid'].includes(standing.is)
  return (
    <ShopFrame
      {...{
        shop,
        title: `${title} · ${say.order(numberOf(order.id))}`,
        noindex: true,
        scripts: ['order.js'],
      }}
      {...(refreshes && { refreshSeconds })}
    >
      <div
        id="order"
        data-version={version}
        data-live={isOpen ? 'yes' : undefined}
        data-standing={standing.is}
        data-now={`${now}`}
        data-until={count === undefined ? undefined : `${count}`}
      >
        <h1 id="standing" tabIndex={-1}>
          {title}
        </h1>
        <Faults title={say.faults} faults={faults} />
        <Told {...{ shop, say, standing, token: order.token, others, rail: order.rail }} />
        {simulate && <Simulate {...{ say, standing, token: order.token }} />}
        <section class="card" aria-labelledby="lines-title">
          <h2 id="lines-title">{say.yourOrder}</h2>
          <ul class="plain-list">
            {lines.map(({ name, units, quantity }) => (
              <li>
                <span>
                  {`${quantity}`} × {name}
                </span>
                <span class="number">{amount(lang, units * quantity, 'BRL')}</span>
              </li>
            ))}
          </ul>
          <p class="sum">
            {say.total} <strong>{amount(lang, order.units, 'BRL')}</strong>
          </p>
          <Facts facts={[[say.number, <span class="mono">{numberOf(order.id)}</span>]]} />
          <p class="hint">{say.keepLink}</p>
        </section>
      </div>
    </ShopFrame>
  )
}

function titleOf({ titles }: ShopWords, standing: OrderStatus): string {
  switch (standing.is) {
    case 'waiting':
      return 'address' in standing.code ? titles.waitingBitcoin : titles.waitingPix
    case 'paid':
      return standing.late ? titles.paidLate : titles.paid
    default:
      return titles[standing.is]
  }
}

interface ToldParts {
  shop: Shop
  say: ShopWords
  standing: OrderStatus
  token: string
  rail: RailName
  others: readonly RailName[]
}

function Told({ shop: { lang }, say, standing, token, rail, others }: ToldParts) {
  switch (standing.is) {
    case 'preparing':
      return <Word tone="still" text={say.preparing} more={<NoScript say={say} />} />
    case 'waiting':
      return (
        <>
          <Countdown {...{ lang, until: standing.until }} />
          {'address' in standing.code ? (
            <BitcoinCodePart {...{ lang, code: standing.code, isRest: false }} />
          ) : (
            <PixCodePart {...{ lang, code: standing.code }} />
          )}
          <NoScript say={say} />
        </>
      )
    case 'seen':
      return <Word tone="wait" text={say.seen} more={<Transactions {...{ lang, ...standing }} />} />
    case 'confirming':
      return (
        <Word
          tone="wait"
          text={say.confirming(standing.depth, standing.needed)}
          more={
            <>
              <progress max={standing.needed} value={standing.depth} aria-label={say.titles.confirming} />
              <Transactions {...{ lang, ...standing }} />
            </>
          }
        />
      )
    case 'underpaid':
      return (
        <>
          <Word
            tone="wait"
            text={say.underpaid}
            more={
              <Facts
                facts={[
                  [say.received, amount(lang, standing.received, 'BTC')],
                  [say.missing, <strong>{amount(lang, standing.missing, 'BTC')}</strong>],
                ]}
              />
            }
          />
          <Countdown {...{ lang, until: standing.until }} />
          <BitcoinCodePart {...{ lang, code: standing.code, isRest: true }} />
          <Transactions {...{ lang, txids: standing.txids }} />
          <NoScript say={say} />
        </>
      )
    case 'paid':
      return (
        <>
          <Word tone="good" text={standing.late ? say.paidLate : say.paid} />
          <Receipt {...{ lang, at: standing.at, paid: standing.paid }} />
        </>
      )
    case 'expired':
      return (
        <>
          <Word tone="still" text={say.expired} more={<p class="hint">{say.expiredPaid}</p>} />
          <NewCodes {...{ say, token, rails: [rail, ...others] }} />
        </>
      )
    case 'refused':
      return (
        <>
          <Word tone="bad" text={say.refused} />
          <NewCodes {...{ say, token, rails: [rail, ...others] }} />
        </>
      )
    case 'attention':
      return <Word tone="wait" text={say.attention[standing.why]} />
  }
}

const Word = ({ tone, text, more }: { tone: Tone; text: string; more?: ComponentChildren }) => (
  <>
    <Notice tone={tone}>{text}</Notice>
    {more}
  </>
)

const NoScript = ({ say }: { say: ShopWords }) => (
  <noscript>
    <p class="hint">{say.reload}</p>
  </noscript>
)

/** Asks again on the same order; the rail it had comes first. */
const NewCodes = ({ say, token, rails }: { say: ShopWords; token: string; rails: readonly RailName[] }) => (
  <form method="post" action={`/orders/${token}/code`} class="actions">
    {rails.map((rail, place) => (
      <button
        id={place === 0 ? 'rail' : undefined}
        name="rail"
        value={rail}
        class={place === 0 ? '' : 'plain'}
      >
        {say.newCode[rail]}
      </button>
    ))}
  </form>
)

const Simulate = ({ say, standing, token }: { say: ShopWords; standing: OrderStatus; token: string }) => {
  if (standing.is !== 'waiting' && standing.is !== 'underpaid') return null
  return (
    <form method="post" action={`/orders/${token}/simulate`} class="card simulate">
      <p class="hint">{say.simulateHint}</p>
      <div class="actions">
        <button name="share" value="all">
          {say.simulate}
        </button>
        {standing.is === 'waiting' && 'address' in standing.code && (
          <button class="plain" name="share" value="part">
            {say.simulatePart}
          </button>
        )}
      </div>
    </form>
  )
}
