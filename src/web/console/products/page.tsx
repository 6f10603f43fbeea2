/** The shop's products for who keeps them: the list, and the form with a photo. */
import type { Stop } from '../../../payout/payout.ts'
import type { ProductRow, ShopRule } from '../../../shop/shop.ts'
import { may, type Person } from '../../../people/people.ts'
import { amount, type Language } from '../../page/page.ts'
import { Badge, Facts, Faults, Field, Notice, TextArea, type Tone } from '../../page/parts.tsx'
import type { Shown } from '../../../queries/products.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import { percent } from '../schedules/page.tsx'
import type { FieldFaults, Values } from '../schedules/when.ts'
import { frameWords } from '../frame/words.ts'
import { productWords } from './words.ts'

interface Shared {
  lang: Language
  person: Person
  stopped: Stop | undefined
}

const pathOf = ({ id }: Pick<ProductRow, 'id'>) => `/console/products/${id}`

export function ProductsPage({
  lang,
  person,
  stopped,
  products,
  rules,
}: Shared & { products: readonly Shown[]; rules: readonly ShopRule[] }) {
  const say = productWords[lang]
  return (
    <Frame {...{ lang, person, stopped, here: 'products', title: say.title }}>
      {products.length === 0 && <p>{say.none}</p>}
      {may(person.role, 'product.add') && (
        <p class="actions">
          <a class="button" href="/console/products/new">
            {say.add}
          </a>
        </p>
      )}
      {products.length > 0 && (
        <table class="cards">
          <caption>{say.caption}</caption>
          <thead>
            <tr>
              {[say.heads.name, say.heads.photo, say.heads.price, say.heads.stock, say.heads.state].map(
                head => (
                  <th scope="col">{head}</th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {products.map(row => (
              <tr>
                <th scope="row" data-label={say.heads.name}>
                  <a href={pathOf(row)}>{row.name}</a>
                </th>
                <td data-label={say.heads.photo}>
                  {row.image === undefined ? (
                    <span class="quiet">{say.noPhoto}</span>
                  ) : (
                    <img src={row.image.url} alt="" width="48" height="48" loading="lazy" />
                  )}
                </td>
                <td data-label={say.heads.price} class="number">
                  {amount(lang, row.units, 'BRL')}
                </td>
                <td data-label={say.heads.stock} class="number">
                  {row.stock.toString()}
                </td>
                <td data-label={say.heads.state}>
                  <Badge tone={row.state === 'listed' ? 'good' : 'still'}>{say.states[row.state]}</Badge>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h2>{say.rules.title}</h2>
      <p class="quiet">{say.rules.told}</p>
      {rules.length === 0 ? (
        <Notice tone="wait">{say.rules.none}</Notice>
      ) : (
        <Facts
          facts={rules.map(rule => [
            say.rules.rails[rule.rail],
            <>
              <a href={`/console/accounts/${encodeURIComponent(rule.account)}`}>{rule.account}</a>,{' '}
              {say.rules.commission(percent(lang, rule.commission_bp))}
            </>,
          ])}
        />
      )}
    </Frame>
  )
}

interface FormParts extends Shared {
  values: Values
  faults?: FieldFaults
  /** The product that is edited, as it is now. */
  edited?: Shown
  notice?: { tone: Tone; text: string }
}

export function ProductForm({ lang, person, stopped, values, faults = {}, edited, notice }: FormParts) {
  const say = productWords[lang]
  const field = (name: string) => ({ name, value: values[name], fault: faults[name] })
  const row = edited
  const path = row ? pathOf(row) : '/console/products/new'
  const mayChange = may(person.role, row ? 'product.edit' : 'product.add')
  return (
    <Frame {...{ lang, person, stopped, here: 'products', title: row ? row.name : say.newTitle }}>
      <Faults title={frameWords[lang].faults} faults={faults} />
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      {row && (
        <Facts
          facts={[
            [
              say.heads.state,
              <Badge tone={row.state === 'listed' ? 'good' : 'still'}>{say.states[row.state]}</Badge>,
            ],
            [say.heads.price, amount(lang, row.units, 'BRL')],
            [say.heads.stock, row.stock.toString()],
            [say.heads.photo, row.image && <img src={row.image.url} alt={row.name} {...sized(row.image)} />],
          ]}
        />
      )}
      {row?.state === 'listed' && (
        <p>
          <a href={`/products/${row.slug}`}>{say.see}</a>
        </p>
      )}
      {mayChange && (
        <>
          {row && <h2>{say.editTitle(row.name)}</h2>}
          {row && <p class="quiet">{say.editTold}</p>}
          <ActForm {...{ lang, person, act: row ? 'product.edit' : 'product.add', action: path }} file>
            {row && (
              <>
                <input type="hidden" name="seenAt" value={row.changed_at} />
                <input type="hidden" name="seenStock" value={row.stock.toString()} />
              </>
            )}
            <Field {...field('name')} label={say.name} required maxLength={200} />
            <div class="pair">
              <Field
                {...field('price')}
                label={say.price}
                hint={say.priceHint}
                required
                inputMode="decimal"
                maxLength={20}
              />
              <Field {...field('stock')} label={say.stock} required inputMode="numeric" maxLength={7} />
            </div>
            {row && <p class="hint">{say.stockHint}</p>}
            <TextArea
              {...field('description')}
              label={say.description}
              hint={say.descriptionHint}
              maxLength={2_000}
            />
            <PhotoField {...{ lang, fault: faults['photo'], hasOne: row?.image !== undefined }} />
            <p class="actions">
              <button>{row ? say.save : say.create}</button>
              <a class="button plain" href="/console/products">
                {say.cancel}
              </a>
            </p>
          </ActForm>
        </>
      )}
      {row && row.state === 'listed' && may(person.role, 'product.remove') && (
        <section class="card">
          <ActForm {...{ lang, person, act: 'product.remove', action: `${path}/remove` }}>
            <p>{say.removeTold}</p>
            <button class="danger">{say.remove}</button>
          </ActForm>
        </section>
      )}
      {row && row.state === 'removed' && mayChange && (
        <section class="card">
          <ActForm {...{ lang, person, act: 'product.edit', action: `${path}/list` }}>
            <button>{say.list}</button>
          </ActForm>
        </section>
      )}
    </Frame>
  )
}

/** As wide as a hand's breadth, in its own shape. */
const sized = ({ width, height }: NonNullable<Shown['image']>) => ({
  width: 160,
  height: Math.max(1, Math.round((160 * height) / width)),
})

function PhotoField({ lang, fault, hasOne }: { lang: Language; fault: string | undefined; hasOne: boolean }) {
  const say = productWords[lang]
  return (
    <div class={fault ? 'field wrong' : 'field'}>
      <label for="photo">{say.photo}</label>
      <p class="hint" id="photo-hint">
        {say.photoHint} {hasOne && say.keepPhoto}
      </p>
      <input
        type="file"
        id="photo"
        name="photo"
        accept="image/jpeg,image/png,image/webp"
        aria-invalid={fault ? 'true' : undefined}
        aria-describedby={fault ? 'photo-hint photo-fault' : 'photo-hint'}
      />
      {fault && (
        <p class="fault" id="photo-fault">
          {fault}
        </p>
      )}
    </div>
  )
}
