/** The routes of people: who is invited, what role they have, who is kept out. For admins. */
import { BadInput } from '../../base/answer.ts'
import {
  addUser,
  changeRole,
  endSession,
  endSessionsOf,
  findUser,
  isUserName,
  languages,
  listSessions,
  listUsers,
  lockUser,
  removeUser,
  resetUser,
  roles,
  unlockUser,
  type UserRow,
} from '../../people/people.ts'
import { history } from '../../store/store.ts'
import { show } from '../page/page.ts'
import type { PageParts } from '../pages.ts'
import type { ConsoleContext, Doors } from './guard.ts'
import { LinkPage, PeoplePage, PersonPage } from './people.tsx'
import { peopleWords } from './words/people.ts'

export function peopleRoutes(doors: Doors, { desk: { store, world }, settings }: PageParts): void {
  const path = '/console/people'
  const pathOf = (user: UserRow) => `${path}/${user.id}`

  /** The person of the path, or 404. */
  const the = async (ctx: ConsoleContext): Promise<UserRow> => {
    const id = ctx.params['id']!
    const user = id.startsWith('usr_') ? await findUser(store, id) : undefined
    return user ?? ctx.throw(404)
  }
  /** The same, and not who asks: nobody gives themselves a role, or locks everyone out by locking themselves out. */
  const another = async (ctx: ConsoleContext): Promise<UserRow> => {
    const user = await the(ctx)
    if (user.id === ctx.state.person.id) throw new BadInput(peopleWords[ctx.state.lang].people.self)
    return user
  }
  /** The link goes by what the house is called, or by where this request came to. */
  const showLink = (ctx: ConsoleContext, { user, token, endsAt }: Awaited<ReturnType<typeof addUser>>) => {
    const { lang, person } = ctx.state
    const origin = settings.publicUrl ?? `${ctx.state.secure ? 'https' : 'http'}://${ctx.host}`
    show(ctx, LinkPage({ lang, person, user, endsAt, link: `${origin}/console/welcome/${token}` }))
  }

  doors.page(path, 'user.see', async ctx => {
    const { lang, person } = ctx.state
    show(ctx, PeoplePage({ lang, person, rows: await listUsers(store) }))
  })

  doors.post(path, 'user.add', async (ctx, form) => {
    const { lang, person } = ctx.state
    const say = peopleWords[lang].people
    const name = form.text('name')
    const [role, language] = [roles.find(each => each === form.text('role')), languages.find(each => each === form.text('language'))]
    if (!role || !language) return ctx.throw(400)
    const fault = !isUserName(name) ? say.badName : (await findUser(store, name)) ? say.taken : undefined
    if (fault !== undefined) {
      const values = { name, role, language }
      return show(ctx, PeoplePage({ lang, person, rows: await listUsers(store), values, faults: { name: fault } }), 400)
    }
    return showLink(ctx, await addUser(store, world, { name, role, language }, person.name))
  })

  doors.page(`${path}/:id`, 'user.see', async ctx => {
    const user = await the(ctx)
    const [sessions, steps] = await Promise.all([listSessions(store, world, user.id), history(store, user.id)])
    const { lang, person } = ctx.state
    show(ctx, PersonPage({ lang, person, user, sessions, steps }))
  })

  doors.post(`${path}/:id/role`, 'user.role', async (ctx, form) => {
    const user = await another(ctx)
    const role = roles.find(each => each === form.text('role')) ?? ctx.throw(400)
    // The same role again, as when a button is pressed twice, is no fault.
    if (role !== user.role) await changeRole(store, user.id, role, ctx.state.person.name)
    return pathOf(user)
  })

  doors.post(`${path}/:id/reset`, 'user.reset', async ctx => {
    const user = await another(ctx)
    showLink(ctx, await resetUser(store, world, user.id, ctx.state.person.name))
    return undefined
  })

  doors.post(`${path}/:id/lock`, 'user.lock', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'locked') await lockUser(store, user.id, ctx.state.person.name)
    return pathOf(user)
  })

  doors.post(`${path}/:id/unlock`, 'user.unlock', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'active') await unlockUser(store, user.id, ctx.state.person.name)
    return pathOf(user)
  })

  doors.post(`${path}/:id/remove`, 'user.remove', async ctx => {
    const user = await another(ctx)
    if (user.state !== 'removed') await removeUser(store, user.id, ctx.state.person.name)
    return path
  })

  doors.post(`${path}/:id/sign-out`, 'session.revoke', async ctx => {
    const user = await the(ctx)
    const { person } = ctx.state
    await endSessionsOf(store, user.id, person.name, person.sessionId)
    return pathOf(user)
  })

  doors.post(`${path}/:id/sessions/:session/end`, 'session.revoke', async ctx => {
    const user = await the(ctx)
    await endSession(store, user.id, ctx.params['session']!, ctx.state.person.name)
    return pathOf(user)
  })
}
