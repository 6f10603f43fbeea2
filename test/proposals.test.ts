/**
 * Proposals on both databases: one person makes them, another approves them, and what is approved is done in
 * the same transaction or not at all.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BadInput } from '../src/base/answer.ts'
import { proposedWork, type ProposalParts } from '../src/jobs/jobs.ts'
import {
  audit,
  auditChain,
  digestOfProposal,
  findProposal,
  openProposal,
  proposalMachine,
  refuse,
  type NewProposal,
  type ProposalRow,
} from '../src/ledger/ledger.ts'
import { checkStatements } from '../src/payout/payout.ts'
import { proposalFilters } from '../src/queries/filters.ts'
import { history, sql } from '../src/db/db.ts'
import { openBankTerminal } from './testbed/terminal.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { approveAndDo, propose } from './testbed/acts.ts'

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let app: ProposalParts
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        app = installation.app
      })
      afterAll(async () => {
        await installation?.close()
        await postgres?.stop()
      })
      beforeEach(() =>
        installation.db.tx(tx =>
          tx.run(sql`update proposals set state = 'refused', decided_by = 'a test' where state = 'open'`),
        ),
      )

      const proposed = {
        act: 'test.act',
        subject: 'pay_1',
        detail: { as: 'ours' },
        why: 'it was ours',
        by: 'ana',
      }
      const make = (change: Partial<NewProposal> = {}) =>
        installation.db.tx(tx => propose(tx, app.world, { ...proposed, ...change }))
      const doing = (carryOut: (subject: string) => void) =>
        new Map([
          [
            'test.act',
            proposedWork({
              prepare: async () => 'from the provider',
              carryOut: async (tx, _, { subject, decided_by: by }, prepared) => {
                await audit(tx, { actor: by!, act: 'test done', subject, detail: { prepared } })
                carryOut(subject)
              },
            }),
          ],
        ])
      const approve = (id: string, by: string, carryOut = (_: string) => {}, seen?: string) =>
        approveAndDo(app, id, { by, seen }, doing(carryOut))
      const stateOf = async ({ id }: ProposalRow) => (await findProposal(installation.db, id))!.state
      const doneCount = async () =>
        Number(
          (await installation.db.one<{ count: bigint }>(
            sql`select count(*) as count from audit where act = 'test done'`,
          ))!.count,
        )

      test('another person approves it, and it is done once', async () => {
        const { proposal } = await make()
        const before = await doneCount()
        expect((await approve(proposal.id, 'bruno')).is).toBe('approved')
        expect((await approve(proposal.id, 'bruno')).is).toBe('decided')
        expect((await doneCount()) - before).toBe(1)
        expect((await history(installation.db, proposal.id)).map(({ to_state: to }) => to)).toEqual([
          'open',
          'approved',
        ])
        expect(await auditChain(installation.db)).toEqual([])
      })

      test.each(['ana', 'ANA', ' Ana '])('whoever made it cannot approve it as "%s"', async by => {
        const { proposal } = await make()
        expect((await approve(proposal.id, by)).is).toBe('own')
        expect(await stateOf(proposal)).toBe('open')
      })

      test('what cannot be done leaves it open, and nothing of it is written', async () => {
        const { proposal } = await make()
        const before = await doneCount()
        const failing = approve(proposal.id, 'bruno', () => {
          throw new BadInput('the transfer is gone')
        })
        await expect(failing).rejects.toThrow('the transfer is gone')
        expect([await stateOf(proposal), (await doneCount()) - before]).toEqual(['open', 0])
      })

      test('made twice it is one; another for the same thing waits until that is decided', async () => {
        const { proposal } = await make()
        const [same, other, elsewhere] = [
          await make(),
          await make({ detail: { as: 'not-ours' } }),
          await make({ subject: 'pay_2' }),
        ]
        expect([same.is, same.proposal.id]).toEqual(['there', proposal.id])
        expect([other.is, other.proposal.id]).toEqual(['another', proposal.id])
        expect(elsewhere.is).toBe('proposed')
      })

      test('what was changed behind its back is not what the approver saw', async () => {
        const { proposal } = await make()
        await installation.db.tx(tx =>
          tx.run(sql`update proposals set detail = '{"as":"not-ours"}' where id = ${proposal.id}`),
        )
        expect((await approve(proposal.id, 'bruno', undefined, digestOfProposal(proposal))).is).toBe(
          'changed',
        )
      })

      test.each([
        ['ana', 'withdrawn'],
        ['bruno', 'refused'],
      ] as const)('ended by %s it is %s, and the same can be proposed again', async (by, state) => {
        const { proposal } = await make()
        const decision = await installation.db.tx(tx => refuse(tx, proposal.id, { by, why: 'no' }))
        expect(decision.is).toBe(state)
        expect(await openProposal(installation.db, proposed.act, proposed.subject)).toBeUndefined()
        expect((await make()).is).toBe('proposed')
      })

      test.each([
        ['approved', (id: string) => approve(id, 'bruno')],
        ['refused', (id: string) => installation.db.tx(tx => refuse(tx, id, { by: 'bruno', why: 'no' }))],
      ])(
        'one that was %s, and whose row was put back to what it was before, is done by nobody and named [security A3]',
        async (_, decide) => {
          const { proposal } = await make()
          await decide(proposal.id)
          const before = await doneCount()
          await installation.db.tx(tx =>
            tx.run(sql`update proposals set state = 'open', decided_by = null, decided_why = null
              where id = ${proposal.id}`),
          )
          expect(await approve(proposal.id, 'carla')).toMatchObject({
            is: 'barred',
            bar: { edited: { what: 'proposal' } },
          })
          expect([await stateOf(proposal), (await doneCount()) - before]).toEqual(['open', 0])
          expect((await checkStatements(installation.db)).map(({ says }) => says)).toContain(
            `proposal ${proposal.id} is not as it was made: somebody has changed it past this program`,
          )
        },
      )

      test('of two who approve it at once, one does it', async () => {
        const { proposal } = await make()
        const before = await doneCount()
        const decisions = await Promise.all([approve(proposal.id, 'bruno'), approve(proposal.id, 'carla')])
        expect(decisions.map(({ is }) => is).sort()).toEqual(['approved', 'decided'])
        expect((await doneCount()) - before).toBe(1)
      })
    },
  )
})

const { repasse } = await openBankTerminal()

describe('on the command line', () => {
  const unknown = 'pro_01k9zq3f5c8wxy2m7n4p6r8s0t'

  test.each([['show'], ['approve'], ['refuse', '--why', 'no']])(
    '%s of one that is not there says where they are listed',
    async (verb, ...flags) => {
      const { code, err } = await repasse(['proposal', verb, unknown, ...flags])
      expect([code, err]).toEqual([
        2,
        expect.stringContaining(`there is no proposal "${unknown}": "repasse proposal list"`),
      ])
    },
  )

  test('the states of its list are the machine’s', () => {
    expect([...proposalFilters.choices.state]).toEqual(Object.keys(proposalMachine))
  })
})
