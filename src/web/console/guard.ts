/**
 * The console's routes: who is signed in, what their role allows, and that an act was meant. Every route of
 * the console goes through here.
 */
import { timingSafeEqual } from 'node:crypto'
import type Router from '@koa/router'
import type { RouterContext } from '@koa/router'
import type { Middleware } from 'koa'
import { SignatureRefused } from '../../approvals/approvals.ts'
import { BadInput } from '../../base/answer.ts'
import { barOf, openProposalCount, approverStatus } from '../../ledger/ledger.ts'
import {
  approves,
  isHarmless,
  may,
  needsStepUp,
  sessionOf,
  stepUp,
  type Act,
  type Person,
} from '../../people/people.ts'
import { isLanguage, readForm, type Form, type Language, type PageState } from '../page/page.ts'
import type { PageParts } from '../context.ts'
import { barText } from './schedules/barsWords.ts'
import { frameWords } from './frame/words.ts'
import { refusedText } from './people/passkeysWords.ts'

export interface ConsoleState extends PageState {
  person: Person
}
export type ConsoleContext = RouterContext<ConsoleState>

export interface PostLimits {
  /** The most bytes of one file; a form has none where this is left out. */
  fileBytes?: number
  /**
   * A signature with a passkey (field `assertion`) stands for the code; the handler proves it, or does
   * nothing.
   */
  passkey?: true
  /** The most bytes of all text together. */
  textBytes?: number
  /** Whether a form only asks to see something, so that it needs no code. */
  looksOnly?(form: Form): boolean
  /** Shows the page again with what is wrong with the code, so that nothing has to be filled in twice. */
  wrongCode?(ctx: ConsoleContext, form: Form, fault: string): Promise<void>
}

/**
 * Where pages and acts are hung up; `list` is every one of them, for whoever checks that each asks for its
 * act.
 */
export interface ConsoleRoutes {
  /** A GET page that `act` allows. What each role may see and do is one table: src/people/roles.ts. */
  page(path: string, act: Act, handle: (ctx: ConsoleContext) => Promise<void> | void): void
  /**
   * A POST that does `act`: the role must allow it, nobody may object to who asks, whoever is new waits
   * before they approve, the form must bear the session's token (field `csrf`), and where the act asks for it
   * a fresh code must be given (field `code`) or have been within five minutes. `handle` answers where to go
   * then (303), or shows a page itself. A `BadInput` it throws is shown as it reads, with status 400.
   */
  post(
    path: string,
    act: Act,
    handle: (ctx: ConsoleContext, form: Form) => Promise<string | undefined | void>,
    limits?: PostLimits,
  ): void
  readonly list: readonly { method: 'GET' | 'POST'; path: string; act: Act }[]
}

export const sessionCookie = (secure: boolean) => (secure ? '__Host-console' : 'console')

/**
 * Lets in who is signed in, and sends others to sign in, from where they come back. A person's own language
 * wins over the browser's.
 */
export function signedIn({ app }: PageParts): Middleware {
  return async (ctx, next) => {
    const state = ctx.state as ConsoleState
    const token = ctx.cookies.get(sessionCookie(state.secure))
    const person = token === undefined ? undefined : await sessionOf(app.db, app.world, token)
    if (!person)
      return ctx.redirect(
        `/console/sign-in${ctx.method === 'GET' ? `?next=${encodeURIComponent(ctx.originalUrl)}` : ''}`,
      )
    state.person = person
    state.counts = { proposals: await openProposalCount(app.db) }
    if (isLanguage(person.language) && ctx.query['lang'] === undefined) state.lang = person.language
    await next()
  }
}

export function consoleRoutesOf(router: Router<ConsoleState>, { app }: PageParts): ConsoleRoutes {
  const list: { method: 'GET' | 'POST'; path: string; act: Act }[] = []
  const barTo = async (act: Act, { name }: Person) =>
    isHarmless(act)
      ? undefined
      : app.db.tx(async tx => barOf(await approverStatus(tx, name), await tx.now()), 'locks')
  return {
    list,
    page(path, act, handle) {
      list.push({ method: 'GET', path, act })
      router.get(path, async ctx => {
        if (!may(ctx.state.person.role, act)) ctx.throw(403)
        await handle(ctx)
      })
    },
    post(path, act, handle, limits = {}) {
      list.push({ method: 'POST', path, act })
      router.post(path, async ctx => {
        const { person, lang } = ctx.state
        if (!may(person.role, act)) ctx.throw(403)
        const form = await readForm(ctx, limits)
        if (!same(form.text('csrf'), person.csrf)) ctx.throw(403)
        const bar = await barTo(act, person)
        if (bar && (bar.is === 'objected' || bar.is === 'edited' || approves(act)))
          throw new BadInput(barText(lang, bar))
        const isSigned = limits.passkey === true && form.text('assertion') !== ''
        if (needsStepUp(act) && !person.steppedUp && !isSigned && limits.looksOnly?.(form) !== true) {
          const { is } = await stepUp(app.db, app.world, person, form.text('code'))
          if (is !== 'stepped up') {
            const fault = frameWords[lang].code[is]
            if (limits.wrongCode) return limits.wrongCode(ctx, form, fault)
            throw new BadInput(fault)
          }
          // A form that is shown again for another fault asks for no second code.
          ctx.state.person = { ...person, steppedUp: true }
        }
        const to = await inWords(lang, () => handle(ctx, form))
        if (typeof to !== 'string') return
        ctx.redirect(to)
        ctx.status = 303
      })
    },
  }
}

/** A signature that was not taken is told in the reader's language. */
async function inWords<T>(lang: Language, work: () => T): Promise<Awaited<T>> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof SignatureRefused ? new BadInput(refusedText(lang, error), { cause: error }) : error
  }
}

/** Compares without telling by its time how much was right. */
function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
