/** `repasse user`: the people of the console, their roles, invitations and sessions. What a person may do is in `src/people/roles.ts`. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import type { Config } from '../base/config.ts'
import type { Base } from '../house.ts'
import type { Language, UserRow } from '../people/people.ts'
import { roles, type Role } from '../people/roles.ts'
import { oneOf, personFlag } from './flags.ts'
import { example, historyOf, historyTable, json, sheet, table } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'
import { userKeyCommands } from './userKeys.ts'

const languages = ['pt-BR', 'en'] as const satisfies readonly Language[]
const byFlag = ['--by <person>', 'who does this (default: the user of this system)', personFlag('--by')] as const

type By = { by?: string; json?: true }

export function userCommands(repasse: Command, shell: Shell): void {
  const user = repasse
    .command('user')
    .description('people who may use the console, and what each may do')
    .addHelpText('after', example('user add ana --role maker', 'user list'))
  userKeyCommands(user, shell)

  user
    .command('add')
    .description('adds a person, and prints the link by which they set a password and an authenticator; it works once, for a day')
    .argument('<name>', 'how they are called, and what is written down as who did something')
    .requiredOption(
      '--role <role>',
      'viewer sees; maker prepares; checker approves and lets money go; admin manages people',
      oneOf(roles)('--role'),
    )
    .option('--lang <language>', `${languages.join(' or ')}: the language of their pages`, oneOf(languages)('--lang'), 'pt-BR')
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user add ana --role maker', 'user add bob --role checker --lang en'))
    .action((name: string, options: By & { role: Role; lang: Language }) =>
      inBase(shell, async base => {
        const { addUser } = await import('../people/people.ts')
        const { role, lang: language, by = operator() } = options
        const invited = await addUser(base.store, base.world, { name, role, language }, by)
        await tellInvitation(base, invited, `${invited.user.name} is invited as ${role}`, shell, options)
      }),
    )

  user
    .command('list')
    .description('everyone')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user list --json'))
    .action(({ json: asJson }: By) =>
      inBase(shell, async ({ store }) => {
        const { listUsers } = await import('../people/people.ts')
        const rows = await listUsers(store)
        const heads = ['NAME', 'ROLE', 'STATE', 'LANGUAGE', 'LAST SEEN', 'ADDED', 'BY']
        const lines = rows.map(row => [row.name, row.role, row.state, row.language, row.seen_at ?? '-', row.added_at, row.added_by])
        await shell.out(asJson ? json(rows.map(row => ({ ...viewOf(row), seenAt: row.seen_at }))) : table(heads, lines))
      }),
    )

  user
    .command('show')
    .description('one person and their history')
    .argument('<name>', 'the person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user show ana'))
    .action((name: string, { json: asJson }: By) =>
      inBase(shell, async ({ store }) => {
        const { history } = await import('../store/store.ts')
        const row = await the(store, name)
        const steps = await history(store, row.id)
        await shell.out(asJson ? json({ ...viewOf(row), history: historyOf(steps) }) : `${sheet(factsOf(row))}\n${historyTable(steps)}`)
      }),
    )

  user
    .command('role')
    .description('gives a person another role, at once')
    .argument('<name>', 'the person')
    .argument('<role>', roles.join(', '), oneOf(roles)('role'))
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user role ana checker'))
    .action((name: string, role: Role, { by = operator(), json: asJson }: By) =>
      inBase(shell, async ({ store }) => {
        const { changeRole } = await import('../people/people.ts')
        const row = await changeRole(store, name, role, by)
        await shell.out(asJson ? json(viewOf(row)) : `${row.name} is ${role} now\n`)
      }),
    )

  user
    .command('reset')
    .description('invites a person anew: their password and authenticator are forgotten, their sessions end; for a lost device')
    .argument('<name>', 'the person')
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user reset ana'))
    .action((name: string, options: By) =>
      inBase(shell, async base => {
        const { resetUser } = await import('../people/people.ts')
        const invited = await resetUser(base.store, base.world, name, options.by ?? operator())
        await tellInvitation(base, invited, `${invited.user.name} is invited anew`, shell, options)
      }),
    )

  simple(user, shell, 'lock', 'keeps a person out until they are unlocked; their sessions end', 'is locked', async () => {
    const { lockUser } = await import('../people/people.ts')
    return lockUser
  })
  simple(user, shell, 'unlock', 'lets a locked person sign in again', 'may sign in again', async () => {
    const { unlockUser } = await import('../people/people.ts')
    return unlockUser
  })
  simple(
    user,
    shell,
    'remove',
    'removes a person for good; their name stays taken, for the audit log speaks of it',
    'is removed',
    async () => {
      const { removeUser } = await import('../people/people.ts')
      return removeUser
    },
  )

  user
    .command('sessions')
    .description('where a person is signed in, and the latest sessions that ended')
    .argument('<name>', 'the person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user sessions ana'))
    .action((name: string, { json: asJson }: By) =>
      inBase(shell, async ({ store, world }) => {
        const { listSessions } = await import('../people/people.ts')
        const rows = await listSessions(store, world, (await the(store, name)).id)
        const ended = (row: (typeof rows)[number]) =>
          row.open ? 'open' : row.revoked_by === null ? 'ran out' : `ended by ${row.revoked_by}`
        const heads = ['SESSION', 'STATE', 'SIGNED IN', 'LAST SEEN', 'FROM', 'WITH']
        const lines = rows.map(row => [row.id, ended(row), row.added_at, row.seen_at, row.address, row.agent])
        const view = (row: (typeof rows)[number]) => ({
          ...{ id: row.id, open: row.open, addedAt: row.added_at, seenAt: row.seen_at, address: row.address, agent: row.agent },
          ...{ endedAt: row.revoked_at, endedBy: row.revoked_by },
        })
        await shell.out(asJson ? json(rows.map(view)) : table(heads, lines))
      }),
    )

  user
    .command('sign-out')
    .description('ends the sessions of a person, or one of them')
    .argument('<name>', 'the person')
    .argument('[session]', 'one session, as "user sessions" shows it')
    .option(...byFlag)
    .addHelpText('after', example('user sign-out ana'))
    .action((name: string, session: string | undefined, { by = operator() }: By) =>
      inBase(shell, async ({ store }) => {
        const { endSession, endSessionsOf } = await import('../people/people.ts')
        const row = await the(store, name)
        if (session === undefined) {
          const ended = await endSessionsOf(store, row.id, by)
          return shell.out(`${ended} ${ended === 1 ? 'session' : 'sessions'} of ${row.name} ended\n`)
        }
        await endSession(store, row.id, session, by)
        return shell.out(`session ${session} of ${row.name} ended\n`)
      }),
    )
}

type Change = (store: Base['store'], name: string, by: string) => Promise<UserRow>

function simple(user: Command, shell: Shell, verb: string, about: string, done: string, load: () => Promise<Change>): void {
  user
    .command(verb)
    .description(about)
    .argument('<name>', 'the person')
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example(`user ${verb} ana`))
    .action((name: string, { by = operator(), json: asJson }: By) =>
      inBase(shell, async ({ store }) => {
        const change = await load()
        const row = await change(store, name, by)
        await shell.out(asJson ? json(viewOf(row)) : `${row.name} ${done}\n`)
      }),
    )
}

async function the(store: Base['store'], name: string): Promise<UserRow> {
  const { findUser } = await import('../people/people.ts')
  const row = await findUser(store, name)
  if (!row) throw new BadInput(`there is no user "${name}": "repasse user list" shows them`)
  return row
}

/** The link is data and goes out; what is said about it goes beside. */
async function tellInvitation(
  { config }: Base,
  { user, token, endsAt }: { user: UserRow; token: string; endsAt: string },
  what: string,
  shell: Shell,
  { json: asJson }: By,
): Promise<void> {
  const link = linkOf(config, token)
  if (asJson) return shell.out(json({ ...viewOf(user), link, endsAt }))
  shell.err(`${what}. Give this link to them alone: it works once, until ${endsAt}.\n`)
  if (config.PUBLIC_URL === undefined) shell.err('PUBLIC_URL is not set, so the link may not begin as people reach this house.\n')
  return shell.out(`${link}\n`)
}

/** Where nobody said how people reach us, by where we listen; behind a socket only the path is known. */
function linkOf({ PUBLIC_URL: url, LISTEN: listen }: Config, token: string): string {
  const begin = url?.replace(/\/$/, '') ?? (listen.startsWith('unix:') ? '' : `http://${listen}`)
  return `${begin}/console/welcome/${token}`
}

/** A person for programs: no hash and no secret. */
const viewOf = (row: UserRow) => ({
  ...{ id: row.id, name: row.name, role: row.role, state: row.state, language: row.language },
  ...{ addedAt: row.added_at, addedBy: row.added_by, changedAt: row.changed_at },
})

const factsOf = (row: UserRow): [string, string][] => [
  ['name', `${row.name} (${row.id})`],
  ['role', row.role],
  ['state', row.state],
  ['language', row.language],
  ['added', `${row.added_at} by ${row.added_by}`],
]
