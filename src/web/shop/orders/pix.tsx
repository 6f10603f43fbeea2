/**
 * A Pix to pay: the code to copy first, for who shops on the phone they pay with, and the QR code for who
 * does not.
 */
import type { PixCode } from '../../../shop/shop.ts'
import { amount, type Language } from '../../page/page.ts'
import { QrCode } from '../../page/qrCode.tsx'
import { CopyButton } from './copyButton.tsx'
import { shopWords } from '../words.ts'

export function PixCodePart({ lang, code: { brcode, link, units } }: { lang: Language; code: PixCode }) {
  const say = shopWords[lang]
  return (
    <div class="pay">
      <div class="pay-words">
        <p class="to-pay">
          {say.toPay} <strong>{amount(lang, units, 'BRL')}</strong>
        </p>
        <CopyButton of="brcode" label={say.copyPix} copied={say.copied} />
        <div class="field">
          <label for="brcode">{say.copyPaste}</label>
          <textarea id="brcode" class="mono" readOnly rows={4} spellcheck={false}>
            {brcode}
          </textarea>
        </div>
        <ol class="steps">
          {say.pixSteps.map(step => (
            <li>{step}</li>
          ))}
        </ol>
        {link?.startsWith('https://') && (
          <p>
            <a href={link} rel="noreferrer noopener">
              {say.bankPage}
            </a>
          </p>
        )}
      </div>
      <QrCode text={brcode} label={say.qrPix} />
    </div>
  )
}
