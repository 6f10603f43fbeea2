/** The routes of signing in and out, of accepting an invitation, and of a fresh code. */
import type Router from '@koa/router'
import type { Context } from 'koa'
import { instant } from '../../../base/world.ts'
import {
  acceptInvitation,
  invitationOf,
  isToken,
  newToken,
  openInvitation,
  signIn,
  signOut,
  stepUp,
} from '../../../people/people.ts'
import { moment, readForm, show, type PageContext, type PageState } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { sessionCookie, type ConsoleRoutes } from '../guard.ts'
import { BeginPage, GonePage, SignInPage, StepUpPage, WelcomePage, WithdrawnPage } from './page.tsx'
import { editedText } from '../schedules/barsWords.ts'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from '../people/words.ts'

const home = '/console'

/** Only a path of the console is gone to; whatever else somebody put in a link is not. */
export function nextOf(asked: unknown): string {
  if (typeof asked !== 'string' || !asked.startsWith('/') || asked.length > 2_000) return home
  const base = 'http://here.invalid'
  const url = URL.canParse(asked, base) ? new URL(asked, base) : undefined
  if (url?.origin !== base || !/^\/console(\/|$)/.test(url.pathname)) return home
  return /^\/console\/(sign-in|sign-out|welcome)\b/.test(url.pathname) ? home : `${url.pathname}${url.search}`
}

/**
 * The session's cookie: unreadable for scripts, and nobody else's. It goes when the browser is closed; the
 * session has its own end.
 */
function setCookie(ctx: Pick<Context, 'cookies'>, { secure }: PageState, token: string | null): void {
  // TLS ends at nginx, so koa itself would think the line unsafe.
  ctx.cookies.secure = secure
  ctx.cookies.set(sessionCookie(secure), token, {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    path: '/',
    overwrite: true,
  })
}

/**
 * What tells the browser apart in which an invitation is begun. It proves nothing else, and is no session.
 */
const browserCookie = (secure: boolean) => (secure ? '__Host-welcome' : 'welcome')
const browserKeptMs = 24 * 3_600_000

function setBrowser(ctx: Pick<PageContext, 'cookies' | 'state'>, token: string): void {
  const { secure } = ctx.state
  ctx.cookies.secure = secure
  const kept = {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    path: '/',
    overwrite: true,
    maxAge: browserKeptMs,
  } as const
  ctx.cookies.set(browserCookie(secure), token, kept)
}

function seeOther(ctx: PageContext, to: string): void {
  ctx.redirect(to)
  ctx.status = 303
}

/** What needs no session. */
export function signInRoutes(router: Router<PageState>, { app: { db, world }, settings }: PageParts): void {
  router.get('/console/sign-in', ctx => {
    const { lang } = ctx.state
    const say = peopleWords[lang].signIn
    const text =
      ctx.query['ready'] !== undefined ? say.ready : ctx.query['out'] !== undefined ? say.out : undefined
    show(
      ctx,
      SignInPage({
        lang,
        next: nextOf(ctx.query['next']),
        notice: text === undefined ? undefined : { tone: 'good', text },
      }),
    )
  })

  router.post('/console/sign-in', async ctx => {
    const { lang } = ctx.state
    const form = await readForm(ctx)
    const [name, next] = [form.text('name'), nextOf(form.text('next'))]
    const answer = await signIn(db, world, {
      name,
      password: form.all('password')[0] ?? '',
      code: form.text('code'),
      address: ctx.ip,
      agent: ctx.get('user-agent'),
      previous: ctx.cookies.get(sessionCookie(ctx.state.secure)),
    })
    if (answer.is === 'in') {
      setCookie(ctx, ctx.state, answer.token)
      return seeOther(ctx, next)
    }
    const say = peopleWords[lang].signIn
    const throttled = answer.is === 'throttled'
    if (throttled)
      ctx.set('retry-after', String(Math.max(1, Math.ceil((answer.untilMs - world.clock.now()) / 1_000))))
    const text = throttled
      ? say.throttled(moment(lang, instant(answer.untilMs)))
      : answer.is === 'edited'
        ? editedText(lang, answer.edited)
        : say.refused
    return show(
      ctx,
      SignInPage({ lang, next, name, notice: { tone: throttled ? 'wait' : 'bad', text } }),
      throttled ? 429 : 403,
    )
  })

  // What only looks at a link, as programs do that show a preview of it, changes nothing: the invitation
  // begins with a press of the button.
  router.get('/console/welcome/:token', async ctx => {
    const token = ctx.params['token']!
    const browser = ctx.cookies.get(browserCookie(ctx.state.secure))
    const invitation = await invitationOf(db, world, token, browser)
    if (!invitation) return show(ctx, GonePage(ctx.state), 410)
    if (ctx.query['lang'] === undefined) ctx.state.lang = invitation.user.language
    const { lang } = ctx.state
    if (invitation.here)
      return show(ctx, WelcomePage({ lang, invitation, token, secret: undefined, issuer: settings.shopName }))
    if (browser === undefined || !isToken(browser)) setBrowser(ctx, newToken(world))
    return show(ctx, BeginPage({ lang, invitation, token }))
  })

  router.post('/console/welcome/:token', async ctx => {
    const token = ctx.params['token']!
    const form = await readForm(ctx)
    const browser = ctx.cookies.get(browserCookie(ctx.state.secure)) ?? ''
    const invitation = await invitationOf(db, world, token, browser)
    if (!invitation) return show(ctx, GonePage(ctx.state), 410)
    const lang = (ctx.state.lang = invitation.user.language)
    const say = peopleWords[lang]
    if (!isToken(browser)) {
      setBrowser(ctx, newToken(world))
      return show(ctx, BeginPage({ lang, invitation, token, fault: say.welcome.noCookie }), 400)
    }
    // The form to accept it is shown to the browser that began it; whoever sends anything else begins it, or
    // withdraws it.
    if (!invitation.here || form.all('password').length === 0) {
      const opening = await openInvitation(db, world, token, browser)
      if (opening.is === 'withdrawn') return show(ctx, WithdrawnPage({ lang }), 410)
      if (opening.is === 'gone') return show(ctx, GonePage({ lang }), 410)
      return show(
        ctx,
        WelcomePage({
          lang,
          invitation: opening.invitation,
          token,
          secret: opening.secret,
          issuer: settings.shopName,
        }),
      )
    }
    const again = (faults: Record<string, string>) =>
      show(
        ctx,
        WelcomePage({ lang, invitation, token, secret: undefined, issuer: settings.shopName, faults }),
        400,
      )
    const password = form.all('password')[0] ?? ''
    if (password !== (form.all('again')[0] ?? '')) return again({ again: say.welcome.different })
    const answer = await acceptInvitation(db, world, { token, browser, password, code: form.text('code') })
    switch (answer.is) {
      case 'done':
        return seeOther(ctx, '/console/sign-in?ready')
      case 'gone':
        return show(ctx, GonePage({ lang }), 410)
      case 'withdrawn':
        return show(ctx, WithdrawnPage({ lang }), 410)
      case 'weak':
        return again({ password: say.weak[answer.why] })
      case 'code':
        return again({ code: say.welcome.wrongCode })
    }
  })
}

/** What a session is needed for. */
export function signOutRoutes(routes: ConsoleRoutes, { app: { db, world } }: PageParts): void {
  routes.post('/console/sign-out', 'me', async ctx => {
    const token = ctx.cookies.get(sessionCookie(ctx.state.secure))
    if (token !== undefined) await signOut(db, world, token)
    setCookie(ctx, ctx.state, null)
    return '/console/sign-in?out'
  })

  routes.page('/console/step-up', 'me', ctx => {
    const { lang, person } = ctx.state
    show(ctx, StepUpPage({ lang, person, next: nextOf(ctx.query['next']) }))
  })

  routes.post('/console/step-up', 'me', async (ctx, form) => {
    const { lang, person } = ctx.state
    const next = nextOf(form.text('next'))
    const { is } = await stepUp(db, world, person, form.text('code'))
    if (is === 'stepped up') return next
    show(
      ctx,
      StepUpPage({ lang, person, next, fault: frameWords[lang].code[is] }),
      is === 'throttled' ? 429 : 400,
    )
    return undefined
  })
}
