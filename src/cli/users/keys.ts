/** `repasse user key`: key files that people sign approvals with, and which of them count. */
import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, json, table } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

const byFlag = [
  '--by <person>',
  'who does this (default: the user of this system)',
  personFlag('--by'),
] as const

export function userKeyCommands(user: Command, shell: Shell): void {
  proofFlags(
    user
      .command('key')
      .description('makes a key file that a person signs approvals with, and registers its public part')
      .argument('<name>', 'the person')
      .requiredOption(
        '--out <file>',
        'where the private key goes; a file that is there already is left alone',
      )
      .option('--label <words>', 'what the key is called', textFlag('--label'), 'key file')
      .option(...byFlag)
      .option('--json', 'as JSON'),
  )
    .addHelpText('after', example('user key carla --out carla.pem', 'account approve main --key carla.pem'))
    .action((name: string, options: ProofFlags & { out: string; label: string; json?: true }) =>
      inBase(shell, async base => {
        const [{ keysOf, newKeyPair, registerKey }, { findUser, tellOfKey }] = await Promise.all([
          import('../../approvals/approvals.ts'),
          import('../../people/people.ts'),
        ])
        const person = await findUser(base.db, name)
        if (!person) throw new BadInput(`there is no user "${name}": "repasse user list" shows them`)
        if (person.state === 'locked' || person.state === 'removed')
          throw new BadInput(`${person.name} is ${person.state}`)
        const hasKey = (await keysOf(base.db, person.id)).some(({ retired_at: at }) => at === null)
        // Whoever could register another key for a person would sign in their name.
        const isKnown = person.state === 'active' || hasKey
        const { by, proof } = isKnown
          ? await prove(base, { ...options, by: person.name })
          : { by: options.by ?? operator(), proof: { is: 'said' as const } }
        const { pem, publicKey } = newKeyPair()
        writeNew(options.out, pem)
        let id: string | undefined
        let from: string | undefined
        try {
          id = await base.db.tx(async tx => {
            const { keySignsFrom } = await import('../../people/people.ts')
            // Somebody who has not come in yet waits themselves.
            from = person.state === 'active' ? await keySignsFrom(tx, base.world) : undefined
            const key = {
              user: person,
              kind: 'key',
              publicKey,
              label: options.label,
              proof: proof.is,
              signsFrom: from,
            } as const
            const made = await registerKey(tx, key, by)
            await tellOfKey(tx, base.world, person.id, by)
            return made
          })
        } finally {
          if (id === undefined) unlinkSync(options.out)
        }
        if (options.json) return shell.out(json({ name: person.name, key: id, file: options.out }))
        shell.err(
          `${person.name} signs with ${options.out} from ${from ?? 'now'} on${from === undefined ? '' : ' (COOLING_OFF)'}. Keep it where only they can read it, and no copy here.\n`,
        )
        return shell.out(`${id}\n`)
      }),
    )

  user
    .command('keys')
    .description('the keys a person signs with: files and passkeys')
    .argument('<name>', 'the person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('user keys carla'))
    .action((name: string, { json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => {
        const [{ keysOf }, { findUser }] = await Promise.all([
          import('../../approvals/approvals.ts'),
          import('../../people/people.ts'),
        ])
        const person = await findUser(db, name)
        if (!person) throw new BadInput(`there is no user "${name}": "repasse user list" shows them`)
        const rows = await keysOf(db, person.id)
        await shell.out(
          asJson
            ? json(
                rows.map(row => ({
                  key: row.id,
                  kind: row.kind,
                  label: row.label,
                  addedAt: row.added_at,
                  retiredAt: row.retired_at,
                })),
              )
            : table(
                ['KEY', 'KIND', 'LABEL', 'REGISTERED', 'RETIRED'],
                rows.map(row => [row.id, row.kind, row.label, row.added_at, row.retired_at ?? '']),
              ),
        )
      }),
    )

  user
    .command('key-retire')
    .description('ends a key: it signs nothing more; what it has signed stays signed')
    .argument('<key>', 'the key, as "user keys" shows it')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option(...byFlag)
    .addHelpText(
      'after',
      example('user key-retire 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU --why "the laptop is gone"'),
    )
    .action((key: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { findKey, retireKey } = await import('../../approvals/approvals.ts')
        const row = await findKey(db, key)
        if (!row) throw new BadInput(`there is no key "${key}": "repasse user keys NAME" shows them`)
        if (!(await db.tx(tx => retireKey(tx, row, by, why))))
          throw new BadInput(`key ${key} was retired already`)
        await shell.out(`key ${key} is retired\n`)
      }),
    )
}

/** For its owner's eyes alone from the first byte on. Throws `BadInput` where something is there already. */
function writeNew(file: string, text: string): void {
  let handle: number
  try {
    handle = openSync(file, 'wx', 0o600)
  } catch (error) {
    const { code } = error as { code?: string }
    throw new BadInput(
      `--out ${file} ${code === 'EEXIST' ? 'is there already: name another file' : `cannot be written (${code})`}`,
      {
        cause: error,
      },
    )
  }
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
