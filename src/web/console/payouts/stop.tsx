/**
 * The switch that stops every payout, and lets them go: why they are stopped, by whom, and what the program
 * itself holds against them.
 */
import { BadInput } from '../../../base/answer.ts'
import {
  approvingGo,
  holdOf,
  letGo,
  stopAll,
  stopOf,
  stopsOf,
  unreads,
  type Stop,
} from '../../../payout/payout.ts'
import { may } from '../../../people/people.ts'
import { show, type Form, type Language } from '../../page/page.ts'
import { Notice, Time } from '../../page/parts.tsx'
import type { PageParts } from '../../context.ts'
import { ActForm, Frame, Reason } from '../frame/frame.tsx'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { Because, Known, Said } from '../list/parts.tsx'
import { proofIn, SignButton, signable } from '../people/passkeys.tsx'
import { done } from '../refusals.ts'
import { UnreadWhy } from '../frame/unread.tsx'
import { frameWords } from '../frame/words.ts'
import { passkeyWords } from '../people/passkeysWords.ts'
import { payoutWords } from './words.ts'
import { reconciliationWords } from '../reconciliation/words.ts'

const path = '/console/stop'

/** What stops payouts, in the page's words, and what the program wrote down of it. */
export const StopWhy = ({ lang, stop }: { lang: Language; stop: Stop }) =>
  stop.code === 'hold' ? (
    <Because {...{ lang, of: stop }} />
  ) : (
    <>
      {frameWords[lang].stops[stop.code]} <Said>{stop.why}</Said>
    </>
  )

export function stopPages(routes: ConsoleRoutes, { app: { db }, settings }: PageParts): void {
  routes.page(path, 'see', async ctx => {
    const { lang, person } = ctx.state
    const say = payoutWords[lang]
    const hold = await holdOf(db)
    const program = (await stopsOf(db)).filter(({ code }) => code !== 'hold')
    const unread = await unreads(db, await db.tx(tx => tx.now(), 'locks'))
    const [newest, ...earlier] = hold?.reasons ?? []
    const sign =
      hold && may(person.role, 'payouts.go')
        ? await signable(ctx, db, settings, approvingGo(hold))
        : undefined
    show(
      ctx,
      <Frame
        {...{
          lang,
          person,
          here: 'payouts',
          title: say.stopTitle,
          stopped: await stopOf(db),
          scripts: sign ? ['consolePasskey.js'] : [],
        }}
      >
        {!hold && program.length === 0 && unread.length === 0 && <Notice tone="good">{say.goNow}</Notice>}
        {hold && newest && (
          <section aria-labelledby="held">
            <h2 id="held">{say.untilGo}</h2>
            <Known
              facts={[
                [say.stoppedBy, hold.by === 'the program' ? say.program : hold.by],
                [say.stoppedWhy, <Because {...{ lang, of: newest }} />],
                [say.stoppedSince, newest.since !== null && <Time {...{ lang, at: newest.since }} />],
              ]}
            />
            {earlier.length > 0 && (
              <>
                <p>{say.before}</p>
                <ul>
                  {earlier.map(each => (
                    <li>
                      <Because {...{ lang, of: each }} />
                    </li>
                  ))}
                </ul>
              </>
            )}
          </section>
        )}
        {program.length > 0 && (
          <section aria-labelledby="program">
            <h2 id="program">{say.byProgram}</h2>
            <ul>
              {program.map(stop => (
                <li>
                  <StopWhy {...{ lang, stop }} />
                </li>
              ))}
            </ul>
            <p>
              {say.untilMended} <a href="/console/reconciliation">{reconciliationWords[lang].title}</a>
            </p>
          </section>
        )}
        {unread.length > 0 && (
          <section aria-labelledby="unread">
            <h2 id="unread">{say.byThemselves}</h2>
            <ul>
              {unread.map(each => (
                <li>
                  <UnreadWhy {...{ lang, unread: each }} />
                </li>
              ))}
            </ul>
          </section>
        )}
        {hold && may(person.role, 'payouts.go') && (
          <section class="card">
            <h2>{say.go}</h2>
            <ActForm {...{ lang, person, act: 'payouts.go', action: `${path}/go` }}>
              <p>{say.goHint}</p>
              {hold.reasons.map(({ seq }) => (
                <input type="hidden" name="seen" value={`${seq}`} />
              ))}
              <Reason lang={lang} />
              <SignButton {...{ lang, sign, label: passkeyWords[lang].signGo }} />
              <button>{say.go}</button>
            </ActForm>
          </section>
        )}
        {!hold && may(person.role, 'payouts.stop') && (
          <section class="card">
            <h2>{say.stop}</h2>
            <ActForm {...{ lang, person, act: 'payouts.stop', action: path }}>
              <p>{say.stopHint}</p>
              <Reason lang={lang} />
              <button class="danger">{say.stop}</button>
            </ActForm>
          </section>
        )}
      </Frame>,
    )
  })

  routes.post(path, 'payouts.stop', async (ctx, form) => {
    const { lang, person } = ctx.state
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    done(lang, await stopAll(db, why, person.name))
    return path
  })

  const go = async (ctx: ConsoleContext, form: Form): Promise<string> => {
    const { lang, person } = ctx.state
    const say = payoutWords[lang]
    const why = form.text('why')
    if (why === '') throw new BadInput(frameWords[lang].reasonMissing)
    const seen = form.all('seen')
    const proof = await proofIn(ctx, form, db, settings)
    const answer = await letGo(db, why, person.name, ({ seq }) => seen.includes(`${seq}`), proof)
    const still = await stopOf(db)
    if (answer.is === 'nothing-to-let-go' && (await holdOf(db))) throw new BadInput(`${say.unseen} ${path}.`)
    if (answer.is === 'nothing-to-let-go' && still !== undefined && still.code !== 'hold')
      throw new BadInput(`${say.onlyProgram} ${frameWords[lang].stops[still.code]}`)
    done(lang, answer)
    return path
  }
  routes.post(`${path}/go`, 'payouts.go', go, { passkey: true })
}
