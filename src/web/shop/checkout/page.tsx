/** Checkout as a guest: three fields, how to pay, what is ordered, one button. */
import { isOnChain, type RailName } from '../../../base/rails.ts'
import type { Offer } from '../../../jobs/jobs.ts'
import { maxEmailLength, maxNameLength, type Buyer } from '../../../shop/shop.ts'
import { amount } from '../../page/page.ts'
import { Faults, Field, Notice } from '../../page/parts.tsx'
import { ShopFrame, type Shop } from '../frame.tsx'
import type { PricedBasket } from '../../../queries/products.ts'
import { shopWords } from '../words.ts'

export interface CheckoutParts {
  shop: Shop
  basket: PricedBasket
  offers: readonly Offer[]
  /** What the basket costs in satoshis now, about; undefined where nobody knows. */
  coins: bigint | undefined
  /** As typed so far. */
  buyer: Buyer
  rail: RailName | undefined
  /** Of this form: sent twice it is one order. */
  key: string
  /** By the field they belong to. */
  faults: Readonly<Record<string, string>>
  /** Something changed since the page before. */
  news?: string | undefined
}

export function CheckoutPage({ shop, basket, offers, coins, buyer, rail, key, faults, news }: CheckoutParts) {
  const { lang } = shop
  const say = shopWords[lang]
  const usable = offers.filter(({ why }) => why === undefined)
  const chosen = usable.find(offer => offer.rail === rail)?.rail ?? usable[0]?.rail
  return (
    <ShopFrame {...{ shop, title: say.checkout, noindex: true }}>
      <h1>{say.checkout}</h1>
      {news !== undefined && <Notice tone="wait">{news}</Notice>}
      <Faults title={say.faults} faults={faults} />
      <div class="checkout">
        <section id="basket" class="card" aria-labelledby="order-title" tabIndex={-1}>
          <h2 id="order-title">{say.yourOrder}</h2>
          <ul class="plain-list">
            {basket.lines.map(({ product, quantity, units }) => (
              <li>
                <span>
                  {`${quantity}`} × {product?.name ?? say.product}
                </span>
                <span class="number">{amount(lang, units, 'BRL')}</span>
              </li>
            ))}
          </ul>
          <p class="sum">
            {say.total} <strong>{amount(lang, basket.units, 'BRL')}</strong>
          </p>
          <p>
            <a href="/basket">{say.basket}</a>
          </p>
        </section>
        {offers.length === 0 || usable.length === 0 ? (
          <Notice tone="bad">{say.noRail}</Notice>
        ) : (
          // What is checked is said in the language of the page, by us, and not in that of the browser.
          <form method="post" action="/checkout" noValidate>
            <input type="hidden" name="key" value={key} />
            <input type="hidden" name="total" value={`${basket.units}`} />
            <h2>{say.who}</h2>
            <Field
              {...{
                name: 'name',
                label: say.name,
                value: buyer.name,
                fault: faults['name'],
                maxLength: maxNameLength,
              }}
              required
              autoComplete="name"
            />
            <Field
              {...{
                name: 'email',
                label: say.email,
                hint: say.emailHint,
                value: buyer.email,
                fault: faults['email'],
              }}
              {...{ type: 'email', inputMode: 'email', maxLength: maxEmailLength }}
              required
              autoComplete="email"
            />
            <Field
              {...{
                name: 'taxId',
                label: say.taxId,
                hint: say.taxIdHint,
                value: buyer.taxId,
                fault: faults['taxId'],
                maxLength: 30,
              }}
              required
            />
            <fieldset class={faults['rail'] === undefined ? '' : 'wrong'}>
              <legend>{say.howToPay}</legend>
              {offers.map((offer, place) => (
                <div class="choice">
                  <input
                    {...{ id: place === 0 ? 'rail' : `rail-${offer.rail}`, name: 'rail', value: offer.rail }}
                    type="radio"
                    required
                    checked={offer.rail === chosen}
                    disabled={offer.why !== undefined}
                    aria-describedby={`rail-hint-${offer.rail}`}
                  />
                  <label for={place === 0 ? 'rail' : `rail-${offer.rail}`}>{say.rails[offer.rail]}</label>
                  <p class="hint" id={`rail-hint-${offer.rail}`}>
                    {offer.why === undefined
                      ? say.railHints[offer.rail]
                      : `${say.notNow[offer.why]} ${say.notNowHint}`}
                    {isOnChain(offer.rail) &&
                      offer.why === undefined &&
                      coins !== undefined &&
                      ` ${say.about(amount(lang, coins, 'BTC'))}`}
                  </p>
                </div>
              ))}
              {faults['rail'] !== undefined && <p class="fault">{faults['rail']}</p>}
            </fieldset>
            <p class="hint">{say.placeHint}</p>
            <p class="actions">
              <button>
                {say.place} · {amount(lang, basket.units, 'BRL')}
              </button>
            </p>
          </form>
        )}
      </div>
    </ShopFrame>
  )
}
