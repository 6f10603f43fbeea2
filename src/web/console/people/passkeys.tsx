/**
 * Keys that a person signs approvals with: their page, and the button that signs a statement with a passkey.
 */
import {
  idOf,
  keysOf,
  prepare,
  retireKey,
  signsFrom,
  type Approving,
  type KeyRow,
  type Proof,
  type Site,
} from '../../../approvals/approvals.ts'
import { BadInput } from '../../../base/answer.ts'
import { instant, type Instant } from '../../../base/world.ts'
import {
  passkeysThatSign,
  proofByPasskey,
  registerPasskey,
  registrationChallenge,
  type Person,
} from '../../../people/people.ts'
import type { Db } from '../../../db/db.ts'
import { show, type Form, type Language } from '../../page/page.ts'
import { Field, Notice, Time } from '../../page/parts.tsx'
import type { PageParts, PageSettings } from '../../context.ts'
import { ActForm, Frame } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { passkeyWords } from './passkeysWords.ts'

const path = '/console/me/keys'

/** A passkey belongs to the host's name by which people come, whatever nginx passes on. */
export function siteOf(ctx: ConsoleContext, { publicUrl }: PageSettings): Site {
  const { origin, hostname } = new URL(publicUrl ?? `${ctx.state.secure ? 'https' : 'http'}://${ctx.host}`)
  return { origin, rp: hostname }
}

/** A statement that can be signed on a page, and with what; undefined where its person has no passkey. */
export interface Signable {
  text: string
  rp: string
  ids: string[]
}

export async function signable(
  ctx: ConsoleContext,
  db: Db,
  settings: PageSettings,
  approving: Omit<Approving, 'by'>,
): Promise<Signable | undefined> {
  const { person } = ctx.state
  const now = await db.tx(tx => tx.now(), 'locks')
  const ids = (await passkeysThatSign(db, person.id, now)).flatMap(({ credential_id: id }) => id ?? [])
  if (ids.length === 0) return undefined
  return {
    text: await db.tx(tx => prepare(tx, { ...approving, by: person.name })),
    rp: siteOf(ctx, settings).rp,
    ids,
  }
}

/** Inside an `ActForm`; hidden until the script finds that the browser can. */
export function SignButton({
  lang,
  sign,
  label,
}: {
  lang: Language
  sign: Signable | undefined
  label?: string
}) {
  if (!sign) return null
  const say = passkeyWords[lang]
  const asked = JSON.stringify({ challenge: idOf(sign.text), rp: sign.rp, ids: sign.ids })
  return (
    <>
      <input type="hidden" name="statement" value={sign.text} />
      <input type="hidden" name="assertion" value="" />
      <p class="actions" hidden>
        <button type="button" data-passkey={asked}>
          {label ?? say.sign}
        </button>
      </p>
      <p class="fault" role="alert" data-passkey-fault hidden>
        {say.failed}
      </p>
    </>
  )
}

/**
 * How an approval that was sent is proven: by the passkey that signed it, or by the code that the guard asked
 * for.
 */
export async function proofIn(
  ctx: ConsoleContext,
  form: Form,
  db: Db,
  settings: PageSettings,
): Promise<Proof> {
  const response = form.text('assertion')
  if (response === '') return { is: 'code' }
  const { lang, person } = ctx.state
  const proof = await proofByPasskey(db, person, siteOf(ctx, settings), form.text('statement'), response)
  if (!proof) throw new BadInput(passkeyWords[lang].notSigned)
  return proof
}

interface Parts {
  lang: Language
  person: Person
  rows: readonly KeyRow[]
  /** From when a new one signs, by its id. */
  from: ReadonlyMap<string, Instant>
  now: Instant
  rp: string
  notice?: { tone: 'good' | 'bad'; text: string } | undefined
}

function KeysPage({ lang, person, rows, from, now, rp, notice }: Parts) {
  const say = passkeyWords[lang]
  const ids = rows.flatMap(({ credential_id: id, retired_at: at }) => (id !== null && at === null ? id : []))
  const asked = JSON.stringify({
    challenge: registrationChallenge(person),
    rp,
    ids,
    user: { id: person.id, name: person.name },
  })
  return (
    <Frame {...{ lang, person, title: say.title, scripts: ['consolePasskey.js'] }}>
      {notice && <Notice tone={notice.tone}>{notice.text}</Notice>}
      <p>{say.told}</p>
      {rows.length === 0 ? (
        <p>{say.none}</p>
      ) : (
        <table class="cards">
          <thead>
            <tr>
              {Object.values(say.heads).map(head => (
                <th scope="col">{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <tr>
                <th scope="row" data-label={say.heads.label}>
                  {row.label}
                </th>
                <td data-label={say.heads.kind}>{say.kinds[row.kind]}</td>
                <td data-label={say.heads.added}>
                  <Time {...{ lang, at: row.added_at }} />
                  {(from.get(row.id) ?? now) > now && (
                    <>
                      {', '}
                      {say.signsFrom} <Time {...{ lang, at: from.get(row.id)! }} />
                    </>
                  )}
                </td>
                <td data-label={say.heads.retired}>
                  {row.retired_at === null ? (
                    <ActForm {...{ lang, person, act: 'me', action: `${path}/${row.id}/retire` }}>
                      <button class="plain">{say.retire}</button>
                    </ActForm>
                  ) : (
                    <Time {...{ lang, at: row.retired_at }} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h2>{say.make}</h2>
      <ActForm {...{ lang, person, act: 'me.key', action: path }}>
        <Field {...{ name: 'label', label: say.label, hint: say.labelHint, required: true, maxLength: 60 }} />
        <input type="hidden" name="assertion" value="" />
        <p class="actions" hidden>
          <button type="button" data-passkey={asked}>
            {say.make}
          </button>
        </p>
        <p class="fault" role="alert" data-passkey-fault hidden>
          {say.notMade}
        </p>
      </ActForm>
      <noscript>
        <p>{say.needsScript}</p>
      </noscript>
    </Frame>
  )
}

export function keyRoutes(routes: ConsoleRoutes, { app: { db, world }, settings }: PageParts): void {
  const present = async (ctx: ConsoleContext, notice?: Parts['notice'], status = 200) => {
    const { lang, person } = ctx.state
    const parts = {
      rows: await keysOf(db, person.id),
      from: await signsFrom(db, person.id),
      now: instant(world.clock.now()),
    }
    show(ctx, KeysPage({ lang, person, ...parts, rp: siteOf(ctx, settings).rp, notice }), status)
  }

  routes.page(path, 'me', ctx => {
    const say = passkeyWords[ctx.state.lang]
    const text =
      ctx.query['said'] === 'made' ? say.made : ctx.query['said'] === 'retired' ? say.retired : undefined
    return present(ctx, text === undefined ? undefined : { tone: 'good', text })
  })

  routes.post(path, 'me.key', async (ctx, form) => {
    const { lang, person } = ctx.state
    const label = form.text('label').slice(0, 60) || passkeyWords[lang].kinds.passkey
    const response = form.text('assertion')
    if (!(await registerPasskey(db, world, person, siteOf(ctx, settings), { response, label })))
      return present(ctx, { tone: 'bad', text: passkeyWords[lang].notMade }, 400)
    return `${path}?said=made`
  })

  routes.post(`${path}/:key/retire`, 'me', async ctx => {
    const { person } = ctx.state
    const key = (await keysOf(db, person.id)).find(({ id }) => id === ctx.params['key'])
    if (!key) return ctx.throw(404)
    await db.tx(tx => retireKey(tx, key, person.name, 'by their own hand'))
    return `${path}?said=retired`
  })
}
