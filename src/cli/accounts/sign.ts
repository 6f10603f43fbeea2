/**
 * `repasse account sign`: a checker signs what was only said: the approval of one account, or of all, and the
 * terms of all schedules with them.
 */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { personFlag } from '../flags.ts'
import { example, json } from '../print.ts'
import { proofFlags, prove } from '../prove.ts'
import type { ProofFlags } from '../acting.ts'
import { inBase } from '../shell.ts'
import type { Shell } from '../context.ts'

type Flags = ProofFlags & { all?: true; json?: true }

export function signAccountCommand(account: Command, shell: Shell): void {
  proofFlags(
    account
      .command('sign')
      .description(
        'signs the approval of an account that was approved before; "account show" says where it pays to',
      )
      .argument('[name]', 'the account')
      .option('--all', 'every account whose approval was only said, and every schedule whose terms were')
      .option('--by <person>', 'who signs', personFlag('--by'))
      .option('--json', 'as JSON'),
  )
    .addHelpText('after', example('account sign main --key carla.pem', 'account sign --all --key carla.pem'))
    .action((name: string | undefined, flags: Flags) =>
      inBase(shell, async base => {
        if ((name === undefined) !== (flags.all === true))
          throw new BadInput('name one account, or say --all')
        const [{ accountsOnlySaid, signAccount }, { barSentence }] = await Promise.all([
          import('../../payout/payout.ts'),
          import('../../ledger/ledger.ts'),
        ])
        const { by, proof } = await prove(base, flags, 'account.approve')
        if (proof.is === 'said')
          throw new BadInput(`${by} is only a name: signing takes --key, or --by with --code`)
        const signedSchedules: string[] = []
        const names = name === undefined ? (await accountsOnlySaid(base.db)).map(({ id }) => id) : [name]
        const signed: string[] = []
        const faults: string[] = []
        for (const each of names) {
          const signing = await signAccount(base.db, each, by, proof, undefined, base.world.coolingOffMs)
          switch (signing.is) {
            case 'signed':
              signed.push(signing.account.name)
              break
            case 'unknown':
              faults.push(`there is no account "${each}": "repasse account list" shows them`)
              break
            case 'own':
              faults.push(`${by} added account "${signing.account.name}": someone else has to sign for it`)
              break
            case 'not approved':
              faults.push(
                `account "${signing.account.name}" is ${signing.account.state}: there is no approval to sign`,
              )
              break
            case 'barred':
              faults.push(barSentence(by, signing.bar))
              break
            case 'changed':
              faults.push(`account "${signing.account.name}" is not signed: ${signing.why}`)
              break
          }
        }
        if (name === undefined) {
          const { schedulesOnlySaid, signSchedule } = await import('../../schedule/schedule.ts')
          for (const { row } of await schedulesOnlySaid(base.db)) {
            const signing = await signSchedule(base.db, row.id, by, proof)
            if (signing.is === 'signed') signedSchedules.push(row.name)
            if (signing.is === 'own')
              faults.push(`${by} made schedule "${row.name}": someone else has to sign its terms`)
            if (signing.is === 'barred') faults.push(barSentence(by, signing.bar))
            if (signing.is === 'changed') faults.push(`schedule "${row.name}" is not signed: ${signing.why}`)
          }
        }
        if (name !== undefined && faults.length > 0) throw new BadInput(faults[0]!)
        if (faults.length > 0) shell.exitCode = 1
        if (flags.json)
          return shell.out(
            json({
              signed,
              by,
              proof: proof.is,
              faults,
              ...(name === undefined && { schedules: signedSchedules }),
            }),
          )
        for (const fault of faults) shell.err(`${fault}\n`)
        const done = [
          ...signed.map(each => `account ${each} is signed by ${by}\n`),
          ...signedSchedules.map(each => `the terms of schedule ${each} are signed by ${by}\n`),
        ]
        return shell.out(done.length === 0 ? 'nothing was signed\n' : done.join(''))
      }),
    )
}
