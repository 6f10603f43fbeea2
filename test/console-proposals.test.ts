/**
 * Proposals on the console, on both databases: shown to everyone, decided by who may, exactly as they were
 * seen, and once.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { proposedActs } from '../src/jobs/jobs.ts'
import { findProposal, type NewProposal, type ProposalRow } from '../src/ledger/ledger.ts'
import { changeLimits } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { proposedAct } from '../src/web/console/proposals/words.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { propose } from './testbed/acts.ts'
import { trialAccountFlags } from './testbed/trial.ts'

test.each(proposedActs)('%s has words in both languages', act => {
  for (const lang of ['pt-BR', 'en'] as const) expect(proposedAct(lang, act)).not.toBe(act)
})

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: PageInstallation
      let maria: ConsoleVisitor
      let chico: ConsoleVisitor
      let vera: ConsoleVisitor
      let accountId: string

      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
        installation = await openPageInstallation(
          postgres ? { env: { DATABASE_URL: await postgres.migratedDatabase() } } : {},
        )
        maria = await consoleVisitor(installation, 'maria', 'maker')
        chico = await consoleVisitor(installation, 'chico', 'checker', 'en')
        vera = await consoleVisitor(installation, 'vera', 'viewer')
        await installation.repasse('account', 'add', ...trialAccountFlags)
        accountId = (await installation.running.app.db.one<{ id: string }>(
          sql`select id from accounts where name = 'main'`,
        ))!.id
      }, 300_000)
      afterAll(async () => {
        await installation?.close()
        await postgres?.stop()
      })

      /** For an act that no version knows: what can be done is another test's. */
      const make = async (change: Partial<NewProposal> = {}): Promise<ProposalRow> => {
        const { db, world } = installation.running.app
        const proposed = {
          act: 'test.act',
          subject: accountId,
          detail: { odd: 'ours' },
          why: 'era nossa',
          by: 'maria',
          ...change,
        }
        return (await db.tx(tx => propose(tx, world, proposed))).proposal
      }
      const end = ({ id }: ProposalRow) =>
        installation.repasse('proposal', 'refuse', id, '--why', 'a test', '--by', 'somebody')
      const rowOf = async ({ id }: ProposalRow) => (await findProposal(installation.running.app.db, id))!
      const pathOf = ({ id }: ProposalRow) => `/console/proposals/${id}`
      const seenIn = (text: string) => /name="seen" value="([^"]+)"/.exec(text)?.[1]

      test('the empty list says so, and the navigation has a link without a number', async () => {
        const { text } = await vera.get('/console/proposals')
        expect(text).toContain('Nenhuma proposta em aberto')
        expect(text).toMatch(/>Propostas<\/a>/)
      })

      test('an open one is listed with its number in the navigation, on the overview, and by status', async () => {
        const proposal = await make({ by: 'maria' })
        const list = await vera.get('/console/proposals')
        for (const shown of [
          `href="${pathOf(proposal)}"`,
          'href="/console/accounts/main"',
          'odd: ours',
          'maria',
          'era nossa',
        ])
          expect(list.text).toContain(shown)
        expect(list.text).toMatch(/>Propostas<span class="count">.{0,80}1<\/span><\/a>/)
        expect(list.text).not.toContain('sua aprovação')
        expect((await chico.get('/console/proposals')).text).toContain('1 proposal awaits your approval')
        expect((await maria.get('/console/proposals')).text).not.toContain('sua aprovação')
        expect((await vera.get('/console')).text).toMatch(
          new RegExp(`href="${pathOf(proposal)}".*espera uma segunda pessoa`),
        )
        expect(await installation.repasse('status')).toContain(`repasse proposal show ${proposal.id}`)
        expect((await vera.get(`/console/search?any=${proposal.id}`)).to).toBe(pathOf(proposal))
        await end(proposal)
        expect((await vera.get('/console')).text).not.toContain(pathOf(proposal))
        expect((await vera.get('/console/proposals')).text).toContain(`href="${pathOf(proposal)}"`)
      })

      test('of one that is not there, page and acts answer 404', async () => {
        const nowhere = '/console/proposals/pro_01k9zq3f5c8wxy2m7n4p6r8s0t'
        expect((await vera.get(nowhere)).status).toBe(404)
        expect((await chico.post(`${nowhere}/approve`, { seen: 'x' })).status).toBe(404)
        expect((await chico.post(`${nowhere}/refuse`, { why: 'no' })).status).toBe(404)
        expect((await chico.post(`${nowhere}/refuse`)).status).toBe(404)
      })

      test('who may not approve is not offered it, and is refused', async () => {
        const proposal = await make()
        for (const visitor of [maria, vera]) {
          const { text } = await visitor.get(pathOf(proposal))
          expect([seenIn(text), text.includes(`${pathOf(proposal)}/approve`)]).toEqual([undefined, false])
          expect((await visitor.post(`${pathOf(proposal)}/approve`, { seen: 'x' })).status).toBe(403)
        }
        expect((await vera.post(`${pathOf(proposal)}/refuse`, { why: 'no' })).status).toBe(403)
        expect(await rowOf(proposal)).toMatchObject({ state: 'open' })
        await end(proposal)
      })

      test.each(['chico', 'CHICO', ' Chico '])('one that "%s" made is not approved by chico', async by => {
        const proposal = await make({ by })
        const { text } = await chico.get(pathOf(proposal))
        expect(seenIn(text)).toBeUndefined()
        expect(text).toContain('so someone else has to approve it')
        expect(text).toContain('Withdraw the proposal')
        const { status, text: answer } = await chico.post(`${pathOf(proposal)}/approve`, { seen: 'x' })
        expect([status, answer.includes('role="alert">'), answer.includes('made this proposal')]).toEqual([
          409,
          true,
          true,
        ])
        expect(await rowOf(proposal)).toMatchObject({ state: 'open' })
        await end(proposal)
      })

      test('without a fresh code, without what was seen, and with what was never shown, nothing is approved', async () => {
        const proposal = await make()
        const seen = seenIn((await chico.get(pathOf(proposal))).text)!
        await installation.skip(6 * 60_000)
        expect((await chico.post(`${pathOf(proposal)}/approve`, { seen, code: '' })).status).toBe(400)
        expect((await chico.post(`${pathOf(proposal)}/approve`, { seen, code: '000000' })).status).toBe(400)
        expect((await chico.post(`${pathOf(proposal)}/approve`)).status).toBe(409)
        expect((await chico.post(`${pathOf(proposal)}/approve`, { seen: 'made up' })).status).toBe(409)
        expect(await rowOf(proposal)).toMatchObject({ state: 'open' })
        await end(proposal)
      })

      test('what changed behind the back is not approved, and is shown as it is now', async () => {
        const proposal = await make()
        const seen = seenIn((await chico.get(pathOf(proposal))).text)!
        await installation.running.app.db.tx(tx =>
          tx.run(sql`update proposals set detail = '{"odd":"not-ours"}' where id = ${proposal.id}`),
        )
        const { status, text } = await chico.post(`${pathOf(proposal)}/approve`, { seen })
        expect(status).toBe(409)
        expect(text).toContain('not the one you were shown')
        expect(text).toContain('not-ours')
        expect(await rowOf(proposal)).toMatchObject({ state: 'open', decided_by: null })
        await end(proposal)
      })

      test('an act that cannot be done any more is said, and the proposal stays open', async () => {
        const proposal = await make()
        const seen = seenIn((await chico.get(pathOf(proposal))).text)!
        const { status, text } = await chico.post(`${pathOf(proposal)}/approve`, { seen })
        expect(status).toBe(409)
        expect(text).toContain('nothing was approved')
        expect(text).toContain('which this version does not know')
        expect(await rowOf(proposal)).toMatchObject({ state: 'open', decided_by: null })
        await end(proposal)
      })

      test('what can be done is done once, and done again by the same person is no fault', async () => {
        const { db, world } = installation.running.app
        await db.tx(tx =>
          changeLimits(tx, world, { asset: 'BRL', wanted: { hour: 100_000n }, by: 'maria', why: 'a test' }),
        )
        const raise = {
          asset: 'BRL',
          wanted: { hour: 200_000n },
          by: 'maria',
          why: 'mais cobranças',
        } as const
        const changed = await db.tx(tx => changeLimits(tx, world, raise))
        const { proposal } = changed as { proposal: ProposalRow }
        const page = (await chico.get(pathOf(proposal))).text
        for (const shown of [
          'change the limits of payouts',
          'the whole installation, in reais',
          'R$2,000.00',
          'R$1,000.00',
        ])
          expect(page.replaceAll('\u00a0', '')).toContain(shown)
        const approve = () => chico.post(`${pathOf(proposal)}/approve`, { seen: seenIn(page)! })
        const to = `${pathOf(proposal)}?said=approved`
        expect([(await approve()).to, (await approve()).to]).toEqual([to, to])
        expect((await chico.get(to)).text).toContain('The proposal is approved and done')
        expect(await db.all(sql`select units, approved_by from limits`)).toEqual([
          { units: 200_000n, approved_by: 'chico' },
        ])
        const acts = await db.all<{ act: string }>(sql`select act from audit where act = 'limits set'`)
        expect(acts).toHaveLength(1)
      })

      test('a checker refuses one with a reason, once; refused twice by the same person is no fault', async () => {
        const proposal = await make()
        const refuse = (visitor: ConsoleVisitor, fields: Record<string, string>) =>
          visitor.post(`${pathOf(proposal)}/refuse`, fields)
        const without = await refuse(chico, {})
        expect([without.status, without.text.includes('Say the reason.')]).toEqual([400, true])
        const to = `${pathOf(proposal)}?said=refused`
        expect([
          (await refuse(chico, { why: 'não era' })).to,
          (await refuse(chico, { why: 'não era' })).to,
        ]).toEqual([to, to])
        expect(await rowOf(proposal)).toMatchObject({
          state: 'refused',
          decided_by: 'chico',
          decided_why: 'não era',
        })
        const late = await refuse(maria, { why: 'não era' })
        expect([late.status, late.text.includes('já foi decidida por chico: recusada')]).toEqual([409, true])
        expect((await chico.get(to)).text).toContain('The proposal is refused')
        expect((await chico.get(`${pathOf(proposal)}?said=approved`)).text).not.toContain(
          'The proposal is approved',
        )
        const after = await chico.post(`${pathOf(proposal)}/approve`, { seen: 'x' })
        expect(after.status).toBe(409)
        expect((await vera.get('/console/audit')).text).toContain('proposta recusada')
      })

      test('whoever made one withdraws it', async () => {
        const proposal = await make()
        expect((await maria.get(pathOf(proposal))).text).toContain('Retirar a proposta')
        expect((await maria.post(`${pathOf(proposal)}/refuse`, { why: 'engano' })).to).toBe(
          `${pathOf(proposal)}?said=withdrawn`,
        )
        expect(await rowOf(proposal)).toMatchObject({ state: 'withdrawn', decided_by: 'maria' })
        expect((await make()).id).not.toBe(proposal.id)
      })

      test('decided ones come page by page, each once', async () => {
        for (let made = 0; made < 45; made++) await end(await make({ subject: `pay_${made}` }))
        const seen = new Set<string>()
        let path: string | undefined = '/console/proposals'
        for (let page = 0; path !== undefined && page < 10; page++) {
          const { text } = await vera.get(path)
          const ids: string[] = [...text.matchAll(/href="\/console\/proposals\/(pro_\w+)"/g)].map(
            ([, id]) => id!,
          )
          for (const id of ids) seen.add(id)
          path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
        }
        const { count } = (await installation.running.app.db.one<{ count: bigint }>(
          sql`select count(*) as count from proposals`,
        ))!
        expect(seen.size).toBe(Number(count))
        expect((await vera.get('/console/proposals?after=x')).status).toBe(400)
      })
    },
  )
})
