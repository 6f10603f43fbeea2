/** The house's hold: one switch that keeps every payout back, turned by a person or by a restore. */
import type { Command } from 'commander'
import { BadInput } from '../base/answer.ts'
import { audit } from '../ledger/ledger.ts'
import { sql, type Store } from '../store/store.ts'
import { textFlag } from './flags.ts'
import { example } from './print.ts'
import { inBase, operator, type Shell } from './shell.ts'

/** Stops every payout until `letGo`; a later reason takes the place of an earlier one. */
export async function holdAll(store: Store, why: string, by: string, act = 'payouts stopped'): Promise<void> {
  await store.tx(async tx => {
    await tx.run(sql`insert into settings (name, value) values ('hold', ${why}) on conflict (name) do update set value = excluded.value`)
    await audit(tx, { actor: by, act, subject: 'payouts', detail: { why } })
  })
}

async function letGo(store: Store, why: string, by: string): Promise<string | undefined> {
  return store.tx(async tx => {
    const held = await tx.one<{ value: string }>(sql`select value from settings where name = 'hold'`)
    if (!held) return undefined
    await tx.run(sql`delete from settings where name = 'hold'`)
    await audit(tx, { actor: by, act: 'payouts let go', subject: 'payouts', detail: { why, held: held.value } })
    return held.value
  })
}

export function stopCommands(payout: Command, shell: Shell): void {
  payout
    .command('stop')
    .description('stops every payout until "repasse payout go"; invoices and events go on')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('payout stop --why "the bank looks wrong"'))
    .action(({ why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, async ({ store }) => {
        await holdAll(store, `${by}: ${why}`, by)
        await shell.out('payouts are stopped: "repasse payout go" lets them go\n')
      }),
    )

  payout
    .command('go')
    .description('lets payouts go again after a stop or a restore')
    .option('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', textFlag('--by'))
    .addHelpText('after', example('payout go --why "compared with the bank"'))
    .action(({ why = 'no reason given', by = operator() }: { why?: string; by?: string }) =>
      inBase(shell, async ({ store }) => {
        const held = await letGo(store, why, by)
        const { payoutsStopped } = await import('../payout/payout.ts')
        const still = await payoutsStopped(store)
        if (held === undefined && still === undefined) throw new BadInput('payouts are not stopped: there is nothing to let go')
        if (held !== undefined) await shell.out(`let go (it was: ${held})\n`)
        if (still === undefined) return
        shell.err(`payouts stay stopped, and go on by themselves once this is mended: ${still}\n`)
        shell.exitCode = 1
      }),
    )
}
