/** Commands for whoever runs the installation: serve, migrate, doctor, status, reconcile, backup, restore. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { readConfig } from '../base/config.ts'
import { monotonicMs, systemClock, systemRandom } from '../base/clock.ts'
import { makeLog, type Log } from '../base/log.ts'
import { crashPoint } from './crash.ts'
import { personFlag, rolesFlag } from './flags.ts'
import { example } from './print.ts'
import type { ProofFlags } from './acting.ts'
import type { Shell } from './context.ts'
import { strangerCommands } from './strangers.ts'

export function operateCommands(repasse: Command, shell: Shell): void {
  repasse
    .command('serve')
    .description(
      'answers HTTP and does the work, until SIGTERM or Ctrl-C; its log is JSON lines on standard output',
    )
    .option('--roles <roles>', 'web, worker or web,worker (default: ROLES)', rolesFlag('--roles'))
    .addHelpText('after', example('serve', 'serve --roles web'))
    .action(({ roles }: { roles?: string[] }) => serveUntilTold(shell, roles))

  repasse
    .command('migrate')
    .description('brings the database to this version; an embedded one is brought by any command')
    .addHelpText('after', example('migrate'))
    .action(async () => {
      const config = readConfig(shell.env)
      const [{ openDb }, { migrate }] = await Promise.all([import('../db/db.ts'), import('../db/migrate.ts')])
      const db = await openDb(config.DATABASE_URL, { clock: systemClock, random: systemRandom })
      try {
        const names = await migrate(db, systemClock)
        await shell.out(names.length === 0 ? 'the database is up to date\n' : `applied ${names.join(', ')}\n`)
      } finally {
        await db.close()
      }
    })

  repasse
    .command('doctor')
    .description(
      'checks configuration, key, clock, database, bank, webhook, Bitcoin node and books, and says what to run for each fault',
    )
    .option('--register-webhook', 'registers PUBLIC_URL with the bank where it is missing')
    .option(
      '--drop-key <id>',
      'no longer takes events under this key of the bank, which the bank no longer publishes',
    )
    .option('--by <person>', 'who drops it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('doctor', 'doctor --register-webhook', 'doctor --drop-key 9f86d081884c7d65 --by ana'),
    )
    .action(async (flags: ProofFlags & { registerWebhook?: true; dropKey?: string; json?: true }) =>
      (await import('./doctor/doctor.ts')).doctor(shell, flags),
    )

  repasse
    .command('status')
    .description('how things stand: what was asked, credited and paid on, and what needs a person')
    .option('--json', 'as JSON')
    .addHelpText('after', example('status'))
    .action(async (flags: { json?: true }) => (await import('./status.ts')).printStatus(shell, flags))

  const reconcile = repasse
    .command('reconcile')
    .description(
      'asks the bank and the chain for what was missed, applies it, and holds what each of them has against the books',
    )
    .option('--json', 'as JSON')
    .addHelpText('after', example('reconcile'))
    .action(async ({ json: asJson }: { json?: true }) =>
      (await import('./reconcile.ts')).reconcileNow(shell, asJson),
    )
  strangerCommands(reconcile, shell)

  repasse
    .command('backup')
    .description(
      'writes a consistent copy of the database while it is in use; encrypted where BACKUP_RECIPIENTS says to whom',
    )
    .argument('<file>', 'a file that does not exist yet')
    .addHelpText('after', example('backup repasse-2026-11-21.db'))
    .action(async (file: string) => (await import('./copies/copies.ts')).backup(shell, file))

  repasse
    .command('restore')
    .description('puts a backup in the database’s place; payouts stay stopped until "repasse payout go"')
    .argument('[file]', 'what "repasse backup" wrote')
    .option('--force', 'also where a database is there already; it is kept beside as FILE.before-restore')
    .option('--identity <file>', 'the secret key of age that the backup is encrypted to (BACKUP_RECIPIENTS)')
    .option(
      '--decrypt-to <file>',
      'only writes the encrypted backup there in the clear, whole or not at all; nothing is restored',
    )
    .option(
      '--in-place',
      'the database’s own programs have put the copy in its place: do only what else a restore must',
    )
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText(
      'after',
      example(
        'restore repasse-2026-11-21.db --force',
        'restore copy.age --identity key.txt --decrypt-to copy.dump',
      ),
    )
    .action(
      async (
        file: string | undefined,
        { force = false, inPlace = false, identity, decryptTo }: RestoreFlags,
      ) => {
        const { decryptBackup, restore, restoreInPlace } = await import('./copies/copies.ts')
        if (inPlace === (file !== undefined))
          throw new BadInput(
            inPlace
              ? '--in-place takes no FILE: the copy is in its place already'
              : 'name the FILE that "repasse backup" wrote',
          )
        if (decryptTo !== undefined) {
          if (file === undefined || force)
            throw new BadInput('--decrypt-to takes FILE and --identity alone: it restores nothing')
          return decryptBackup(shell, file, { identity, to: decryptTo })
        }
        await (file === undefined ? restoreInPlace(shell) : restore(shell, file, { force, identity }))
      },
    )
}

interface RestoreFlags {
  force?: boolean
  inPlace?: boolean
  identity?: string
  decryptTo?: string
}

async function serveUntilTold(shell: Shell, roles: string[] | undefined): Promise<void> {
  const startedMs = monotonicMs()
  const config = readConfig(shell.env)
  const log = makeLog(config.LOG_LEVEL)
  const { openBase, serve } = await import('../app.ts')
  // Told to stop before it stands, it stops as soon as it does.
  const told = signalled(log)
  let wanted = true
  void told.then(() => (wanted = false))
  const base = await openBase(config, log, crashPoint(config.CRASH_AT))
  let app
  try {
    app = await serve(base, roles ?? config.ROLES.split(','), startedMs, () => wanted)
  } catch (error) {
    await base.db.close()
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new BadInput('LISTEN is what another program has: stop it, or set another', { cause: error })
    throw error
  }
  const signal = await told
  log.info({ signal }, 'stopping: what is at work is finished first; a second signal ends at once')
  await app.stop()
  log.info({}, 'stopped')
}

/**
 * The first of SIGTERM and SIGINT; a second one ends the process at once, which loses nothing that was
 * committed.
 */
function signalled(log: Log): Promise<string> {
  return new Promise(resolve => {
    let first = true
    const hear = (signal: string) => {
      if (first) resolve(signal)
      else {
        log.warn({ signal }, 'ended at once')
        process.exit(1)
      }
      first = false
    }
    process.on('SIGTERM', hear)
    process.on('SIGINT', hear)
  })
}
