/** A request in bitcoin: what exactly to send where, by QR code, by a link to the wallet, or by hand. */
import { formatUnits } from '../../../base/money.ts'
import type { BitcoinCode } from '../../../shop/shop.ts'
import { amount, moment, type Language } from '../../page/page.ts'
import { Facts } from '../../page/parts.tsx'
import { QrCode } from '../../page/qrCode.tsx'
import { CopyButton } from './copyButton.tsx'
import { shopWords } from '../words.ts'

interface BitcoinCodeParts {
  lang: Language
  code: BitcoinCode
  /** It asks for what is missing; the price in reais is of the whole. */
  isRest: boolean
}

export function BitcoinCodePart({ lang, code: { address, uri, units, quote }, isRest }: BitcoinCodeParts) {
  const say = shopWords[lang]
  return (
    <div class="pay">
      <div class="pay-words">
        <p class="to-pay">
          {say.toPay} <strong>{amount(lang, units, 'BTC')}</strong>
        </p>
        {uri.startsWith('bitcoin:') && (
          <p>
            <a class="button" href={uri}>
              {say.openWallet}
            </a>
          </p>
        )}
        <div class="field">
          {/* With a point, as wallets take it; above it is written as people read it. */}
          <label for="btc-amount">{say.exactAmount}</label>
          <input
            id="btc-amount"
            class="mono"
            type="text"
            readOnly
            value={formatUnits(units, 'BTC')}
            autocomplete="off"
          />
        </div>
        <CopyButton of="btc-amount" label={say.copyAmount} copied={say.copied} plain />
        <Address {...{ label: say.address, address }} />
        <CopyButton of="address" label={say.copyAddress} copied={say.copied} plain />
        {quote && (
          <Facts
            facts={[
              [isRest ? say.worthOfAll : say.worth, amount(lang, quote.units, 'BRL')],
              [
                say.rate,
                [
                  say.rateOf(amount(lang, quote.rateUnits, 'BRL')),
                  ...(quote.sources.length > 0 ? [say.rateFrom(quote.sources.join(', '))] : []),
                ].join(' · '),
              ],
              [say.rateAt, <time dateTime={quote.at}>{moment(lang, quote.at)}</time>],
            ]}
          />
        )}
        <ol class="steps">
          {say.bitcoinSteps.map(step => (
            <li>{step}</li>
          ))}
        </ol>
      </div>
      <QrCode text={uri} label={say.qrBitcoin} />
    </div>
  )
}

/**
 * In groups of four for eyes that compare; there are no blanks between them, so it is selected and copied as
 * one.
 */
const Address = ({ label, address }: { label: string; address: string }) => (
  <div class="field">
    <p class="label">{label}</p>
    <p class="mono address" id="address">
      {(address.match(/.{1,4}/g) ?? []).map(group => (
        <>
          <span>{group}</span>
          <wbr />
        </>
      ))}
    </p>
  </div>
)
