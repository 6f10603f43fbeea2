/** `repasse keys`: the keys that personal data and secrets are encrypted under in the database. */
import { some } from '../base/text.ts'
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import type { Base } from '../app.ts'
import type { KeyUse, Unreadable } from '../db/rotate.ts'
import { personFlag } from './flags.ts'
import { example, json, table } from './print.ts'
import { inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

export function keyCommands(repasse: Command, shell: Shell): void {
  const keys = repasse
    .command('keys')
    .description(
      'keys that personal data and secrets are encrypted under in the database (ENCRYPTION_KEY_FILE)',
    )
    .addHelpText('after', example('keys new repasse.keys', 'keys status'))

  keys
    .command('new')
    .description(
      'makes a key file with one key, for its owner’s eyes alone; with --add, adds a key to one that is there',
    )
    .argument('<file>', 'a file that does not exist yet')
    .option('--add', 'adds a key to FILE, which is the newest then; "keys rotate" brings everything under it')
    .addHelpText('after', example('keys new /etc/repasse/keys', 'keys new /etc/repasse/keys --add'))
    .action(async (file: string, { add = false }: { add?: true | false }) => {
      if (!add && existsSync(file))
        throw new BadInput(
          `FILE "${file}" exists already: name one that does not, or add a key to it with --add`,
        )
      const { addKey, makeKeyFile } = await import('../db/keyFile.ts')
      const world = { clock: systemClock, random: systemRandom }
      const id = writing(file, () => (add ? addKey(file, world) : makeKeyFile(file, world)))
      await shell.out(`${file}: key ${id}\n`)
      const first = add
        ? 'Copy the file to every machine that runs Repasse'
        : `Set ENCRYPTION_KEY_FILE=${file}`
      shell.err(
        `${first}, then: repasse keys rotate. Keep a copy where no backup of the database is: without it what is encrypted is lost.\n`,
      )
    })

  keys
    .command('status')
    .description(
      'how many values are encrypted under which key, how many are in plain text, and which cannot be read',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', example('keys status'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, base => status(shell, base, asJson), { mayLackKeys: true }),
    )

  keys
    .command('rotate')
    .description(
      'encrypts everything under the newest key, in small batches, while the program runs; ended halfway, it goes on from there',
    )
    .option(
      '--compact',
      'afterwards writes the tables again, so that no plain text is left in free space of the files; everything else waits meanwhile',
    )
    .option(
      '--accept-plain',
      'also encrypts what is refused because it is in plain text, or of no row, since everything was encrypted: "keys status" lists it',
    )
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('keys rotate', 'keys rotate --compact'))
    .action((flags: { by?: string; compact?: true; acceptPlain?: true }) =>
      inBase(shell, base => rotateAll(shell, base, flags)),
    )

  keys
    .command('retire')
    .description('says that a key is needed no more; only where nothing is encrypted under it')
    .argument('<id>', 'of the key')
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('keys retire 3f9a1c20'))
    .action((id: string, { by = operator() }: { by?: string }) =>
      inBase(shell, base => retire(shell, base, id, by)),
    )
}

function writing<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof BadInput || code === undefined) throw error
    throw new BadInput(
      `FILE "${file}" cannot be written (${code}): name a file in a folder this user may write to`,
      { cause: error },
    )
  }
}

/** Encrypted values that could be of any row: from before they were bound to one. */
const unboundIn = (uses: readonly KeyUse[]): number => uses.reduce((total, { unbound }) => total + unbound, 0)
const sum = (uses: readonly KeyUse[]): number => uses.reduce((total, { count }) => total + count, 0)

async function status(shell: Shell, { db, keys }: Base, asJson: true | undefined): Promise<void> {
  const { keyUses, knownKeys, unreadableValues } = await import('../db/rotate.ts')
  const [uses, known, unreadable] = [await keyUses(db), await knownKeys(db), await unreadableValues(db, keys)]
  const ids = [
    ...new Set([
      ...keys.all.map(({ id }) => id),
      ...known.map(({ id }) => id),
      ...uses.flatMap(({ key }) => key ?? []),
    ]),
  ]
  const isRetired = (id: string) => known.some(key => key.id === id && key.retired_at !== null)
  const under = ids.map(id => ({
    id,
    values: sum(uses.filter(({ key }) => key === id)),
    state:
      keys.newest?.id === id ? 'newest' : isRetired(id) ? 'retired' : keys.find(id) ? 'older' : 'missing',
  }))
  const plain = sum(uses.filter(({ key }) => key === undefined))
  if (unreadable.length > 0) shell.exitCode = 1
  if (asJson)
    return shell.out(
      json({
        keys: under,
        plain,
        unbound: unboundIn(uses),
        unreadable,
        columns: uses.map(use => ({ ...use, key: use.key ?? null })),
      }),
    )
  await shell.out(
    table(
      ['KEY', '>VALUES', 'STATE'],
      [
        ...under.map(({ id, values, state }) => [id, `${values}`, state]),
        ['in plain text', `${plain}`, keys.newest ? '' : 'no ENCRYPTION_KEY_FILE is set'],
      ],
    ),
  )
  await shell.out(sayAllUnreadable(unreadable))
  if (keys.newest && under.some(({ id, values }) => values > 0 && id !== keys.newest!.id))
    shell.err('"repasse keys rotate" brings all under the newest key\n')
  else if (keys.newest && unboundIn(uses) > 0)
    shell.err(`"repasse keys rotate" binds ${unboundIn(uses)} values to their rows\n`)
  else if (keys.newest && plain > 0) shell.err('"repasse keys rotate" encrypts what is in plain text\n')
}

const reasons: Record<Unreadable['why'], string> = {
  'unknown key': 'its key is not in the key file',
  altered: 'it was changed behind the program’s back',
  'of another column': 'it was moved here from another column',
  'of another row': 'it was moved here from another row',
  'of any row': 'it names no row, and everything here was bound to its row once',
  'in plain text': 'it is in plain text, and everything here was encrypted once',
}

export const sayUnreadable = ({ column, row, why }: Unreadable): string =>
  `${column} of ${row} cannot be decrypted: ${reasons[why]}`

const maxShown = 20

/** Without its key a whole database cannot be read: --json has every one of them. */
export const sayAllUnreadable = (all: readonly Unreadable[]): string =>
  [
    ...all.slice(0, maxShown).map(each => `UNREADABLE: ${sayUnreadable(each)}\n`),
    ...(all.length > maxShown
      ? [`and ${all.length - maxShown} more: "repasse keys status --json" lists them\n`]
      : []),
  ].join('')

async function rotateAll(
  shell: Shell,
  { db, keys, world }: Base,
  { by = operator(), compact, acceptPlain }: { by?: string; compact?: true; acceptPlain?: true },
): Promise<void> {
  if (!keys.newest) throw new BadInput('ENCRYPTION_KEY_FILE is not set: "repasse keys new FILE" makes one')
  const [{ encryptedTables, keyUses, rotate }, { audit, sealColumns }] = await Promise.all([
    import('../db/rotate.ts'),
    import('../ledger/ledger.ts'),
  ])
  const { id } = keys.newest
  await db.tx(tx =>
    audit(tx, {
      actor: by,
      act: 'encryption keys rotated',
      subject: id,
      detail: acceptPlain ? { acceptPlain: 'yes' } : {},
    }),
  )
  const { count, unreadable } = await rotate({ db, keys, world, acceptPlain: acceptPlain === true })
  const uses = await keyUses(db)
  const left = sum(uses.filter(({ key }) => key !== id)) + unboundIn(uses.filter(({ key }) => key === id))
  await shell.out(
    `${some(count, 'value was', 'values were')} encrypted under key ${id}${left === 0 ? '; nothing is left under another, in plain text or without its row' : `; ${some(left, 'is', 'are')} not yet`}\n`,
  )
  await shell.out(sayAllUnreadable(unreadable))
  if (left > 0) shell.exitCode = 1
  if (await sealColumns(db, keys, by))
    await shell.out('from now on a value in plain text, or without its row, is refused\n')
  if (!compact) return
  await db.compact(encryptedTables)
  await shell.out('the tables were written again\n')
}

async function retire(shell: Shell, { db, keys }: Base, id: string, by: string): Promise<void> {
  const [{ retireKey }, { audit }] = await Promise.all([
    import('../db/rotate.ts'),
    import('../ledger/ledger.ts'),
  ])
  const retired = await db.tx(async tx => {
    const answer = await retireKey(tx, keys, id)
    if (answer.is === 'retired')
      await audit(tx, { actor: by, act: 'encryption key retired', subject: id, detail: {} })
    return answer
  })
  switch (retired.is) {
    case 'unknown':
      throw new BadInput(
        `nothing here was ever encrypted under key "${id}": "repasse keys status" lists those that were`,
      )
    case 'newest':
      throw new BadInput(
        `key ${id} is the newest, and everything is encrypted under it: add another first, with "repasse keys new FILE --add"`,
      )
    case 'in-use':
      throw new BadInput(
        `${some(retired.count, 'value is', 'values are')} encrypted under key ${id}: "repasse keys rotate" brings them under the newest`,
      )
    case 'retired':
      await shell.out(
        `key ${id} is retired: its line may leave the key file; backups from before need it to be read\n`,
      )
  }
}
