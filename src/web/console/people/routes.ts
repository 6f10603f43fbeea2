/**
 * The routes of people: who is invited, what role they have, who is kept out, for admins; and who is objected
 * to, for checkers as well.
 */
import { BadInput } from '../../../base/answer.ts'
import { isAddress } from '../../../base/mailAddress.ts'
import { instant } from '../../../base/world.ts'
import type { Proposed } from '../../../ledger/ledger.ts'
import {
  addUser,
  changeRole,
  endSession,
  endSessionsOf,
  findAlike,
  mailboxTaken,
  findUser,
  isUserName,
  languages,
  listSessions,
  listUsers,
  lockUser,
  needsTwo,
  objectTo,
  personObjections,
  proposeClear,
  proposeReset,
  proposeRole,
  proposeUser,
  removeUser,
  resetUser,
  roles,
  unlockUser,
  type UserRow,
  type NewInvitation,
  type PeopleRefusal,
} from '../../../people/people.ts'
import { history } from '../../../db/db.ts'
import { show, type Language } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import type { ConsoleContext, ConsoleRoutes } from '../guard.ts'
import { LinkPage, PeoplePage, PersonPage } from './page.tsx'
import { proposalPath } from '../proposals/page.tsx'
import { reasonIn } from '../schedules/when.ts'
import { done } from '../refusals.ts'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from './words.ts'

export function peopleRoutes(routes: ConsoleRoutes, { app: { db, world }, settings }: PageParts): void {
  const path = '/console/people'
  const pathOf = (user: UserRow) => `${path}/${user.id}`

  /** The person of the path, by id or by name, or 404. */
  const the = async (ctx: ConsoleContext): Promise<UserRow> => {
    const id = ctx.params['id']!
    return (await findUser(db, id)) ?? ctx.throw(404)
  }
  /**
   * The same, and not who asks: nobody gives themselves a role, or locks everyone out by locking themselves
   * out.
   */
  const another = async (ctx: ConsoleContext): Promise<UserRow> => {
    const user = await the(ctx)
    if (user.id === ctx.state.person.id) throw new BadInput(peopleWords[ctx.state.lang].people.self)
    return user
  }
  /** The link goes by what the installation is called, or by where this request came to. */
  const showLink = (ctx: ConsoleContext, { user, token, endsAt }: NewInvitation) => {
    const { lang, person } = ctx.state
    const origin = settings.publicUrl ?? `${ctx.state.secure ? 'https' : 'http'}://${ctx.host}`
    show(ctx, LinkPage({ lang, person, user, endsAt, link: `${origin}/console/welcome/${token}` }))
  }

  /** Where it awaits another person; one that is open already is decided first. */
  const shown = (answer: Proposed | PeopleRefusal, lang: Language) =>
    proposalPath((answer.is === 'another' ? answer : done(lang, answer)).proposal.id)

  routes.page(path, 'user.see', async ctx => {
    const { lang, person } = ctx.state
    show(ctx, PeoplePage({ lang, person, rows: await listUsers(db) }))
  })

  routes.post(path, 'user.add', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = peopleWords[lang].people
    const name = form.text('name')
    const [role, language] = [
      roles.find(each => each === form.text('role')),
      languages.find(each => each === form.text('language')),
    ]
    if (!role || !language) return ctx.throw(400)
    const [email, why] = [form.text('email'), reasonIn(form)]
    const alike = await findAlike(db, name)
    const owner = isAddress(email) ? await mailboxTaken(db, email) : undefined
    const fault = !isUserName(name)
      ? say.badName
      : (await findUser(db, name))
        ? say.taken
        : alike && say.alike(alike.name)
    const faults = {
      ...(fault !== undefined && { name: fault }),
      ...(email !== '' && !isAddress(email) && { email: say.badEmail }),
      ...(owner && { email: say.emailTaken(owner.name) }),
    }
    if (Object.keys(faults).length > 0) {
      const values = { name, role, language, email, why }
      return show(ctx, PeoplePage({ lang, person, rows: await listUsers(db), values, faults }), 400)
    }
    const wanted = { name, role, language, ...(email !== '' && { email }) }
    if (needsTwo(role)) return shown(await proposeUser(db, world, wanted, { by: person.name, why }), lang)
    return showLink(ctx, done(lang, await addUser(db, world, wanted, person.name)))
  })

  routes.page(`${path}/:id`, 'user.see', async ctx => {
    const user = await the(ctx)
    const sessions = await listSessions(db, world, user.id)
    const objections = await personObjections(db, user.id)
    const { lang, person } = ctx.state
    const now = instant(world.clock.now())
    show(
      ctx,
      PersonPage({ lang, person, user, now, objections, sessions, steps: await history(db, user.id) }),
    )
  })

  routes.post(`${path}/:id/role`, 'user.role', async (ctx, form) => {
    const user = await another(ctx)
    const role = roles.find(each => each === form.text('role')) ?? ctx.throw(400)
    const { name: by } = ctx.state.person
    // The same role again, as when a button is pressed twice, is no fault.
    if (role === user.role) return pathOf(user)
    if (needsTwo(role))
      return shown(await proposeRole(db, world, user.id, role, { by, why: reasonIn(form) }), ctx.state.lang)
    done(ctx.state.lang, await changeRole(db, world, user.id, role, by))
    return pathOf(user)
  })

  routes.post(`${path}/:id/reset`, 'user.reset', async (ctx, form) => {
    const user = await another(ctx)
    const { name: by } = ctx.state.person
    if (needsTwo(user.role) && user.state !== 'invited')
      return shown(await proposeReset(db, world, user.id, { by, why: reasonIn(form) }), ctx.state.lang)
    showLink(ctx, done(ctx.state.lang, await resetUser(db, world, user.id, by)))
    return undefined
  })

  routes.post(`${path}/:id/object`, 'user.object', async (ctx, form) => {
    const user = await another(ctx)
    const why = reasonIn(form)
    if (why === '') throw new BadInput(frameWords[ctx.state.lang].reasonMissing)
    done(ctx.state.lang, await objectTo(db, world, user.id, { by: ctx.state.person.name, why }))
    return pathOf(user)
  })

  routes.post(`${path}/:id/clear`, 'user.clear', async (ctx, form) => {
    const user = await another(ctx)
    const why = reasonIn(form)
    if (why === '') throw new BadInput(frameWords[ctx.state.lang].reasonMissing)
    const { lang, person } = ctx.state
    return shown(await proposeClear(db, world, user.id, { by: person.name, why }), lang)
  })

  routes.post(`${path}/:id/lock`, 'user.lock', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'locked')
      done(ctx.state.lang, await lockUser(db, world, user.id, ctx.state.person.name))
    return pathOf(user)
  })

  routes.post(`${path}/:id/unlock`, 'user.unlock', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'active') done(ctx.state.lang, await unlockUser(db, user.id, ctx.state.person.name))
    return pathOf(user)
  })

  routes.post(`${path}/:id/remove`, 'user.remove', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'removed')
      done(ctx.state.lang, await removeUser(db, world, user.id, ctx.state.person.name))
    return path
  })

  routes.post(`${path}/:id/sign-out`, 'session.revoke', async ctx => {
    const user = await the(ctx)
    const { person } = ctx.state
    await endSessionsOf(db, user.id, person.name, person.sessionId)
    return pathOf(user)
  })

  routes.post(`${path}/:id/sessions/:session/end`, 'session.revoke', async ctx => {
    const user = await the(ctx)
    done(ctx.state.lang, await endSession(db, user.id, ctx.params['session']!, ctx.state.person.name))
    return pathOf(user)
  })
}
