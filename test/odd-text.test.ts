/**
 * Text and numbers that one database would take and the other refuse: written through every form, list,
 * command and event, on both, with the same answers.
 */
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from '../src/cli/cli.ts'
import { BadInput } from '../src/base/answer.ts'
import { readEvent } from '../src/rails/starkbank/read.ts'
import { openDb, sql } from '../src/db/db.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openAsker } from './testbed/asker.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { trialAccountFlags } from './testbed/trial.ts'

const odd = [
  ['a NUL', 'a\u0000b'],
  ['half a pair', 'half \ud83d'],
  ['a noncharacter', 'x\uffff\ufdd0'],
  ['more than 64 bits', '99999999999999999999'],
] as const

type Outcomes = Map<string, string>

/** What differs from one run to the next in an answer: ids, and our own times. */
const plain = (text: string) =>
  text.replaceAll(/[a-z]{3}_[0-9a-z]{26}/g, 'ID').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')

async function outcomesOn(installation: PageInstallation): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  const people = [
    await consoleVisitor(installation, 'maria', 'maker'),
    await consoleVisitor(installation, 'chico', 'checker'),
    await consoleVisitor(installation, 'carla', 'admin'),
  ]
  await installation.repasse('account', 'add', ...trialAccountFlags)
  const rule = [
    '--name',
    'monthly',
    '--cron',
    '0 9 1 1 *',
    '--time-zone',
    'America/Sao_Paulo',
    '--count',
    '1',
    '--amount',
    '20.00',
  ]
  await installation.repasse(
    'schedule',
    'add',
    ...rule,
    '--payers',
    'random',
    '--due-in',
    '2d',
    '--pay-to',
    'main',
    '--by',
    'maria',
  )
  for (const [name, text] of odd) {
    for (const [at, person] of people.entries())
      await throughForms(person, `${name}, person ${at}`, text, outcomes)
    await throughShop(installation, name, text, outcomes)
    await throughCommands(installation, name, text, outcomes)
  }
  return outcomes
}

const pages = [
  ...[
    '/console',
    '/console/accounts',
    '/console/accounts/new',
    '/console/accounts/main',
    '/console/schedules',
    '/console/schedules/new',
  ],
  ...[
    '/console/schedules/monthly',
    '/console/payouts',
    '/console/invoices',
    '/console/events',
    '/console/runs',
    '/console/products/new',
  ],
  ...[
    '/console/reconciliation',
    '/console/limits',
    '/console/limits?of=installation+BRL',
    '/console/audit',
    '/console/people',
    '/console/me',
  ],
]

/**
 * Every form of these pages, each field that takes text filled with it; what is looked for goes into the
 * address.
 */
async function throughForms(
  person: ConsoleVisitor,
  who: string,
  text: string,
  outcomes: Outcomes,
): Promise<void> {
  for (const page of pages) {
    const { status, text: html } = await person.get(page)
    if (status !== 200) continue
    for (const [, tag, inside] of html.matchAll(/<form([^>]*)>([^]*?)<\/form>/g)) {
      const action = (/action="([^"]+)"/.exec(tag!)?.[1] ?? page).replaceAll('&amp;', '&')
      const names = [...inside!.matchAll(/<(?:input|textarea)[^>]*\bname="(?!csrf|code)([^"]+)"/g)].map(
        match => match[1]!,
      )
      if (names.length === 0 || /sign-?out|language|password/.test(action)) continue
      const fields = Object.fromEntries(names.map(name => [name, text]))
      const isPost = /method="post"/i.test(tag!)
      const answer = isPost
        ? await person.post(action, fields)
        : await person.get(`${action.split('?')[0]}?${new URLSearchParams(fields)}`)
      outcomes.set(`${who}: ${isPost ? 'post' : 'get'} ${plain(action)} from ${page}`, `${answer.status}`)
    }
  }
}

async function throughShop(
  installation: PageInstallation,
  name: string,
  text: string,
  outcomes: Outcomes,
): Promise<void> {
  const asker = openAsker(installation.origin)
  for (const path of ['/', '/products/none', '/orders/none', '/basket'])
    outcomes.set(
      `${name}: shop ${path}`,
      `${(await asker.get(`${path}?${new URLSearchParams({ q: text, after: text })}`)).status}`,
    )
}

/**
 * Commands that serve, copy, make a file or ask somebody else, whose flags are no text of ours; and the state
 * of things, where two installations share one bank's client.
 */
const left =
  /^(keys new|bank-key|serve|status|backup|restore|migrate|doctor|demo|bitcoin|event show|schedule next)/

const leaves = (command: Command, path: string[] = []): [string, Command][] =>
  command.commands.length === 0
    ? [[path.join(' '), command]]
    : command.commands.flatMap(each => leaves(each, [...path, each.name()]))

/** Every command, with the text wherever it takes one: in all places at once, and in each by itself. */
async function throughCommands(
  installation: PageInstallation,
  name: string,
  text: string,
  outcomes: Outcomes,
): Promise<void> {
  const quiet = { env: {}, exitCode: 0, out: async () => undefined, err: () => undefined, colours: false }
  for (const [path, command] of leaves(program(quiet))) {
    if (left.test(path)) continue
    const flags = command.options.filter(option => option.required).map(option => option.long!)
    const given = command.registeredArguments.map(() => text)
    const needed = command.options
      .filter(option => option.mandatory)
      .flatMap(option => [option.long!, 'a reason'])
    const lines = [
      [...given, ...flags.flatMap(flag => [flag, text])],
      [...given, ...needed],
      ...flags.map(flag => [...given, ...needed, flag, text]),
    ]
    for (const words of lines) {
      const said = await installation
        .repasse(...path.split(' '), ...words)
        .catch((error: Error) => error.message)
      const code = /ended with (\d+)/.exec(said)?.[1] ?? '0'
      outcomes.set(`${name}: repasse ${path} ${words.filter(word => word.startsWith('--')).join(' ')}`, code)
    }
  }
}

describe.skipIf(!postgresAvailable())('through every entrance', () => {
  let postgres: Postgres
  const installations: PageInstallation[] = []
  let outcomes: Outcomes[]
  beforeAll(async () => {
    postgres = await startPostgres({ durable: false })
    installations.push(
      await openPageInstallation(),
      await openPageInstallation({ env: { DATABASE_URL: await postgres.migratedDatabase() } }),
    )
    outcomes = [await outcomesOn(installations[0]!), await outcomesOn(installations[1]!)]
  }, 170_000)
  afterAll(async () => {
    for (const installation of installations) await installation.close()
    await postgres?.stop()
  })

  test('SQLite and PostgreSQL answer alike', () => {
    expect(outcomes[0]!.size).toBeGreaterThan(200)
    const differ = [...outcomes[0]!].filter(([entrance, answer]) => outcomes[1]!.get(entrance) !== answer)
    expect(
      differ.map(([entrance, answer]) => `${entrance}: ${answer}, and ${outcomes[1]!.get(entrance)}`),
    ).toEqual([])
  })

  test('nothing of it is a surprise to the program [security injection]', () => {
    const surprises = outcomes.flatMap(each =>
      [...each].filter(([, answer]) => answer === '500' || answer === '1'),
    )
    expect(surprises.map(([entrance, answer]) => `${entrance}: ${answer}`)).toEqual([])
  })
})

describe.each(['SQLite', 'PostgreSQL'])('what a program or a provider says, on %s', engine => {
  test.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'is kept with a sign where no database keeps what stands there; a number beyond 64 bits is refused',
    async () => {
      const postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined
      const db = await openDb(postgres ? await postgres.freshDatabase() : 'sqlite::memory:', {
        clock: systemClock,
        random: systemRandom,
      })
      try {
        await db.script('create table words (word text, number bigint)')
        const keep = (word: string, number = 1n) =>
          db.tx(tx => tx.run(sql`insert into words (word, number) values (${word}, ${number})`))
        for (const word of ['a\u0000b', 'cut \ud83d', 'whole 😀', '\uffff']) await keep(word)
        expect((await db.all<{ word: string }>(sql`select word from words`)).map(({ word }) => word)).toEqual(
          ['a\ufffdb', 'cut \ufffd', 'whole 😀', '\uffff'],
        )
        expect(await db.all(sql`select number from words where word = ${'a\u0000b'}`)).toEqual([
          { number: 1n },
        ])
        await expect(keep('', 2n ** 63n)).rejects.toThrow(BadInput)
        await keep('', -(2n ** 63n))
      } finally {
        await db.close()
        await postgres?.stop()
      }
    },
  )
})

test('an event’s text is read with such a sign', () => {
  const invoice = {
    id: '1',
    status: 'paid',
    amount: 1,
    fee: 0,
    tags: ['x\u0000y'],
    brcode: 'a\ud800',
    link: '',
    created: '2026-11-21T00:00:00+00:00',
  }
  const log = { id: '2', type: 'credited', created: invoice.created, errors: [], invoice }
  const event = { id: '3\u0000', created: invoice.created, subscription: 'invoice', workspaceId: 'w', log }
  const read = readEvent(Buffer.from(JSON.stringify({ event })))
  expect(read).toMatchObject({ eventId: '3\ufffd', invoice: { brcode: 'a\ufffd' } })
})
