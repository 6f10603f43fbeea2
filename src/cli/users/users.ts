/**
 * `repasse user`: the people of the console, their roles, invitations and sessions. What a person may do is
 * in `src/people/roles.ts`.
 */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { movesRealMoney, type Config } from '../../base/config.ts'
import { isAddress } from '../../base/mailAddress.ts'
import type { Base } from '../../app.ts'
import type { ProposalMade } from '../../ledger/ledger.ts'
import type { Language, UserChanged, UserRow } from '../../people/people.ts'
import { needsTwo, roles, type Role } from '../../people/roles.ts'
import { oneOf, personFlag, textFlag } from '../flags.ts'
import { example, historyJson, historyTable, json, sheet, table } from '../print.ts'
import { done, inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'
import { userKeyCommands } from './keys.ts'
import { personJson } from '../../queries/json/people.ts'

const languages = ['pt-BR', 'en'] as const satisfies readonly Language[]
const byFlag = [
  '--by <person>',
  'who does this (default: the user of this system)',
  personFlag('--by'),
] as const

const whyFlag = [
  '--why <words>',
  'the reason, where another person has to approve it',
  textFlag('--why'),
  '',
] as const

type By = { by?: string; json?: true; why?: string }

export function userCommands(repasse: Command, shell: Shell): void {
  const user = repasse
    .command('user')
    .description('people who may use the console, and what each may do')
    .addHelpText('after', example('user add ana --role maker', 'user list'))
  userKeyCommands(user, shell)

  user
    .command('add')
    .description(
      'adds a person, and prints the link by which they set a password and an authenticator; it works once, for a day',
    )
    .argument('<name>', 'how they are called, and what is written down as who did something')
    .requiredOption(
      '--role <role>',
      'viewer sees; maker prepares; checker approves and lets money go; admin manages people',
      oneOf(roles)('--role'),
    )
    .option(
      '--email <address>',
      'where they are written to about people; their name, where that is an e-mail address',
      emailFlag,
    )
    .option(
      '--lang <language>',
      `${languages.join(' or ')}: the language of their pages`,
      oneOf(languages)('--lang'),
      'pt-BR',
    )
    .option(...whyFlag)
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user add ana --role maker', 'user add bob --role checker --lang en'))
    .action((name: string, options: By & { role: Role; lang: Language; email?: string }) =>
      inBase(shell, async base => {
        const { addUser, proposeUser } = await import('../../people/people.ts')
        const { role, lang: language, email, by = operator(), why = '' } = options
        const wanted = { name, role, language, email }
        if (await awaitsSecond(base, { role, about: name, by }))
          return tellProposed(
            shell,
            await done(await proposeUser(base.db, base.world, wanted, { by, why })),
            options,
          )
        const invited = await done(await addUser(base.db, base.world, wanted, by))
        await tellInvitation(base, invited, `${invited.user.name} is invited as ${role}`, shell, options)
      }),
    )

  user
    .command('list')
    .description('everyone')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user list --json'))
    .action(({ json: asJson }: By) =>
      inBase(shell, async ({ db }) => {
        const { listUsers } = await import('../../people/people.ts')
        const rows = await listUsers(db)
        const heads = ['NAME', 'ROLE', 'STATE', 'LANGUAGE', 'LAST SEEN', 'ADDED', 'BY']
        const lines = rows.map(row => [
          row.name,
          row.role,
          row.state,
          row.language,
          row.seen_at ?? '-',
          row.added_at,
          row.added_by,
        ])
        await shell.out(
          asJson ? json(rows.map(row => ({ ...personJson(row), seenAt: row.seen_at }))) : table(heads, lines),
        )
      }),
    )

  user
    .command('show')
    .description('one person and their history')
    .argument('<name>', 'the person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user show ana'))
    .action((name: string, { json: asJson }: By) =>
      inBase(shell, async ({ db }) => {
        const { history } = await import('../../db/db.ts')
        const row = await the(db, name)
        const steps = await history(db, row.id)
        await shell.out(
          asJson
            ? json({ ...personJson(row), history: historyJson(steps) })
            : `${sheet(factsOf(row))}\n${historyTable(steps)}`,
        )
      }),
    )

  user
    .command('role')
    .description('gives a person another role')
    .argument('<name>', 'the person')
    .argument('<role>', roles.join(', '), oneOf(roles)('role'))
    .option(...whyFlag)
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user role ana checker'))
    .action((name: string, role: Role, options: By) =>
      inBase(shell, async base => {
        const { changeRole, proposeRole } = await import('../../people/people.ts')
        const { by = operator(), json: asJson, why = '' } = options
        if (await awaitsSecond(base, { role, about: name, by }))
          return tellProposed(
            shell,
            await done(await proposeRole(base.db, base.world, name, role, { by, why })),
            options,
          )
        const { user: row } = await done(await changeRole(base.db, base.world, name, role, by))
        return shell.out(asJson ? json(personJson(row)) : `${row.name} is ${role} now\n`)
      }),
    )

  user
    .command('reset')
    .description(
      'invites a person again: their password and authenticator are forgotten, their sessions end; for a lost device',
    )
    .argument('<name>', 'the person')
    .option(...whyFlag)
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user reset ana'))
    .action((name: string, options: By) =>
      inBase(shell, async base => {
        const { proposeReset, resetUser } = await import('../../people/people.ts')
        const { by = operator(), why = '' } = options
        const { role, state } = await the(base.db, name)
        // Somebody who never came in has nothing to be forgotten.
        if (state !== 'invited' && (await awaitsSecond(base, { role, about: name, by })))
          return tellProposed(
            shell,
            await done(await proposeReset(base.db, base.world, name, { by, why })),
            options,
          )
        const invited = await done(await resetUser(base.db, base.world, name, by))
        await tellInvitation(base, invited, `${invited.user.name} is invited again`, shell, options)
      }),
    )

  user
    .command('object')
    .description('objects to a person: they neither approve nor propose until two others clear it')
    .argument('<name>', 'the person')
    .requiredOption(
      '--why <words>',
      'the reason, for the audit log and everybody who is told',
      textFlag('--why'),
    )
    .option(...byFlag)
    .addHelpText('after', example('user object ana --why "nobody here knows her"'))
    .action((name: string, { by = operator(), why = '' }: By) =>
      inBase(shell, async ({ db, world }) => {
        const { objectTo } = await import('../../people/people.ts')
        const { objection } = await done(await objectTo(db, world, name, { by, why }))
        await shell.out(`${objection.made_by} objects to ${(await the(db, name)).name}\n`)
      }),
    )

  user
    .command('clear')
    .description('proposes that an objection to a person ends; another person approves it')
    .argument('<name>', 'the person')
    .requiredOption('--why <words>', 'the reason', textFlag('--why'))
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example('user clear ana --why "she began on Monday"'))
    .action((name: string, options: By) =>
      inBase(shell, async ({ db, world }) => {
        const { proposeClear } = await import('../../people/people.ts')
        const { by = operator(), why = '' } = options
        await tellProposed(shell, await done(await proposeClear(db, world, name, { by, why })), options)
      }),
    )

  simple(
    user,
    shell,
    'lock',
    'keeps a person out until they are unlocked; their sessions end',
    'is locked',
    async () => {
      const { lockUser } = await import('../../people/people.ts')
      return ({ db, world }, name, by) => lockUser(db, world, name, by)
    },
  )
  simple(user, shell, 'unlock', 'lets a locked person sign in again', 'may sign in again', async () => {
    const { unlockUser } = await import('../../people/people.ts')
    return ({ db }, name, by) => unlockUser(db, name, by)
  })
  simple(
    user,
    shell,
    'remove',
    'removes a person for good; their name stays taken, for the audit log speaks of it',
    'is removed',
    async () => {
      const { removeUser } = await import('../../people/people.ts')
      return ({ db, world }, name, by) => removeUser(db, world, name, by)
    },
  )

  user
    .command('sessions')
    .description('where a person is signed in, and the latest sessions that ended')
    .argument('<name>', 'the person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user sessions ana'))
    .action((name: string, { json: asJson }: By) =>
      inBase(shell, async ({ db, world }) => {
        const { listSessions } = await import('../../people/people.ts')
        const rows = await listSessions(db, world, (await the(db, name)).id)
        const ended = (row: (typeof rows)[number]) =>
          row.open ? 'open' : row.revoked_by === null ? 'ran out' : `ended by ${row.revoked_by}`
        const heads = ['SESSION', 'STATE', 'SIGNED IN', 'LAST SEEN', 'FROM', 'WITH']
        const lines = rows.map(row => [row.id, ended(row), row.added_at, row.seen_at, row.address, row.agent])
        const view = (row: (typeof rows)[number]) => ({
          ...{
            id: row.id,
            open: row.open,
            addedAt: row.added_at,
            seenAt: row.seen_at,
            address: row.address,
            agent: row.agent,
          },
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
      inBase(shell, async ({ db }) => {
        const { endSession, endSessionsOf } = await import('../../people/people.ts')
        const row = await the(db, name)
        if (session === undefined) {
          const ended = await endSessionsOf(db, row.id, by)
          return shell.out(`${ended} ${ended === 1 ? 'session' : 'sessions'} of ${row.name} ended\n`)
        }
        await done(await endSession(db, row.id, session, by))
        return shell.out(`session ${session} of ${row.name} ended\n`)
      }),
    )
}

/**
 * Where real money moves, what gives access awaits a second person as soon as there is one who could approve
 * it; until then whoever runs commands here brings in the first people. Elsewhere it is done at once.
 */
async function awaitsSecond(
  { config, db }: Base,
  { role, about, by }: { role: Role; about: string; by: string },
): Promise<boolean> {
  if (!movesRealMoney(config) || !needsTwo(role)) return false
  const { canBeApproved } = await import('../../people/people.ts')
  return canBeApproved(db, { by, about })
}

async function tellProposed(shell: Shell, { proposal }: ProposalMade, { json: asJson }: By): Promise<void> {
  if (asJson) return shell.out(json({ proposal: proposal.id, state: proposal.state, act: proposal.act }))
  shell.err(
    `Another person approves it, on the console or with "repasse proposal approve"; then "repasse user reset NAME" prints a new person's link.\n`,
  )
  return shell.out(`${proposal.id}\n`)
}

function emailFlag(text: string): string {
  if (!isAddress(text)) throw new BadInput(`--email "${text}" is not an e-mail address`)
  return text
}

type Change = (base: Base, name: string, by: string) => Promise<UserChanged>

function simple(
  user: Command,
  shell: Shell,
  verb: string,
  about: string,
  outcome: string,
  load: () => Promise<Change>,
): void {
  user
    .command(verb)
    .description(about)
    .argument('<name>', 'the person')
    .option(...byFlag)
    .option('--json', 'as JSON')
    .addHelpText('after', example(`user ${verb} ana`))
    .action((name: string, { by = operator(), json: asJson }: By) =>
      inBase(shell, async base => {
        const change = await load()
        const { user: row } = await done(await change(base, name, by))
        await shell.out(asJson ? json(personJson(row)) : `${row.name} ${outcome}\n`)
      }),
    )
}

async function the(db: Base['db'], name: string): Promise<UserRow> {
  const { findUser } = await import('../../people/people.ts')
  const row = await findUser(db, name)
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
  if (asJson) return shell.out(json({ ...personJson(user), link, endsAt }))
  shell.err(`${what}. Give this link to them alone: it works once, until ${endsAt}.\n`)
  if (config.PUBLIC_URL === undefined)
    shell.err('PUBLIC_URL is not set, so the link may not begin as people reach this installation.\n')
  return shell.out(`${link}\n`)
}

/** Where nobody said how people reach us, by where we listen; behind a socket only the path is known. */
function linkOf({ PUBLIC_URL: url, LISTEN: listen }: Config, token: string): string {
  const begin = url?.replace(/\/$/, '') ?? (listen.startsWith('unix:') ? '' : `http://${listen}`)
  return `${begin}/console/welcome/${token}`
}

const factsOf = (row: UserRow): [string, string][] => [
  ['name', `${row.name} (${row.id})`],
  ['role', row.role],
  ['state', row.state],
  ['language', row.language],
  ['added', `${row.added_at} by ${row.added_by}`],
]
