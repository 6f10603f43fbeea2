/** `repasse payout hand-over`, `handed` and `not-handed`: payouts that people hand over, each said by two. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import type { ApproverRefusal } from '../../ledger/ledger.ts'
import type { Handed, HandedRefusal, HandOverRefusal, PayoutRow } from '../../payout/payout.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, formatMoney } from '../print.ts'
import { inBase, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

type Flags = { note?: string; by?: string }

const noSuch = (id: string) => `there is no payout "${id}": "repasse payout list --rail cash" shows them`
const told = ({ id, units, asset, state }: PayoutRow) =>
  `payout ${id} of ${formatMoney(units, asset)} is ${state}`

export function handOverCommands(payout: Command, shell: Shell): void {
  payout
    .command('hand-over')
    .description('cash: says that payouts are handed over; somebody else confirms each with "payout handed"')
    .argument('<ids...>', 'the payouts: "payout list --rail cash --state owed" shows them')
    .option(
      '--note <words>',
      'what finds it again, e.g. the number of the signed receipt',
      textFlag('--note'),
    )
    .option('--by <person>', 'who hands it over (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('payout hand-over pay_01k9zq3f5c8wxy2m7n4p6r8s0t --note "receipt 31"'))
    .action((ids: string[], { note = '', by = operator() }: Flags) =>
      inBase(shell, async ({ db, world, terms }) => {
        const { handOver } = await import('../../payout/payout.ts')
        await each(shell, ids, async id => {
          const answer = await handOver(db, world, id, { by, note }, terms.approvals)
          if (answer.is === 'unknown') return { fault: noSuch(id) }
          if (answer.is === 'barred') return faultOf(answer)
          return answer.is === 'handed'
            ? { done: `${told(answer.payout)}: somebody else confirms it with "repasse payout handed ${id}"` }
            : { fault: handOverRefusals[answer.code](answer.payout, answer.why ?? '') }
        })
      }),
    )

  const end = (verb: 'handed' | 'not-handed', says: string, needsWhy: boolean) => {
    const command = payout.command(verb).description(says).argument('<ids...>', 'the payouts')
    const [flag, about] = ['--why <words>', 'the reason, for the audit log'] as const
    if (needsWhy) command.requiredOption(flag, about, textFlag('--why'))
    else command.option(flag, about, textFlag('--why'))
    command
      .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
      .addHelpText(
        'after',
        example(
          `payout ${verb} pay_01k9zq3f5c8wxy2m7n4p6r8s0t${needsWhy ? ' --why "she did not come"' : ''}`,
        ),
      )
      .action((ids: string[], { why = '', by = operator() }: { why?: string; by?: string }) =>
        inBase(shell, async ({ db, world }) => {
          const { confirmHandOver, takeBackHandOver } = await import('../../payout/payout.ts')
          const act = verb === 'handed' ? confirmHandOver : takeBackHandOver
          await each(shell, ids, async id => answerOf(id, by, await act(db, world, id, { by, why })))
        }),
      )
  }
  end('handed', 'cash: confirms that the payee has what somebody else said was handed over', false)
  end('not-handed', 'cash: takes that back: the payout is held until it is released', true)
}

type Said = { done: string } | { fault: string }

/** One that is refused keeps back no other; the command fails then. */
async function each(shell: Shell, ids: readonly string[], act: (id: string) => Promise<Said>): Promise<void> {
  const faults: string[] = []
  for (const id of ids) {
    const said = await act(id)
    if ('done' in said) await shell.out(`${said.done}\n`)
    else faults.push(said.fault)
  }
  if (faults.length > 0) throw new BadInput(faults.join('\n'))
}

const faultOf = async ({ by, bar }: ApproverRefusal): Promise<Said> => ({
  fault: (await import('../../ledger/ledger.ts')).barSentence(by, bar),
})

async function answerOf(id: string, by: string, answer: Handed): Promise<Said> {
  switch (answer.is) {
    case 'unknown':
      return { fault: noSuch(id) }
    case 'barred':
      return faultOf(answer)
    case 'impossible':
      return { fault: handedRefusals[answer.code](answer.payout, answer.why ?? '') }
    case 'paid':
    case 'held':
      return { done: told(answer.payout) }
  }
}

const ofAnotherRail = ({ id, rail }: PayoutRow) =>
  `payout ${id} goes out on the rail ${rail}, which sends it: this is for one that is handed over`

const handOverRefusals: Record<HandOverRefusal, (payout: PayoutRow, why: string) => string> = {
  'of-another-rail': ofAnotherRail,
  'not-owed': ({ id, state }) => `payout ${id} is ${state}: this is for one that is owed or waiting`,
  stopped: ({ id }, why) => `payouts are stopped, so do not hand over ${id}: ${why}`,
  'not-approved': ({ id }) => `the account of payout ${id} is not approved, so do not hand it over`,
  held: ({ id }, why) => `payout ${id} is held, so do not hand it over: ${why}`,
  waits: ({ id }, why) => `payout ${id} waits, so do not hand it over yet: ${why}`,
  'other-amount': ({ id }, why) => `payout ${id} is of ${why} by now: hand over that much`,
}

const handedRefusals: Record<HandedRefusal, (payout: PayoutRow, why: string) => string> = {
  'of-another-rail': ofAnotherRail,
  'not-handed': ({ id, state }) =>
    `payout ${id} is ${state}: somebody says first that it is handed over, with "repasse payout hand-over ${id}"`,
  'same-person': ({ id }) => `whoever hands over payout ${id} does not confirm it: somebody else does`,
  edited: ({ id }, why) => `payout ${id} is neither confirmed nor taken back: ${why}`,
  'other-order': ({ id }) => `payout ${id} was taken back and handed over again since: look at it first`,
}
