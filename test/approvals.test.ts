/**
 * Approvals as signed statements, on both databases: who may sign, what is paid on what proof, and that a row
 * changed past the program stops payouts and is named.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  fingerprint,
  judgeApproval,
  newKeyPair,
  prepare,
  readSigner,
  registerKey,
  retireKey,
  type Proof,
} from '../src/approvals/approvals.ts'
import { refused } from '../src/base/answer.ts'
import { because } from '../src/base/reasons.ts'
import { instant } from '../src/base/world.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import {
  approvingAccount,
  changeLimits,
  findAccount,
  type PayoutRow,
  sendPayouts,
  signAccount,
  stopOf,
  stopPayouts,
} from '../src/payout/payout.ts'
import type { AuditRow } from '../src/ledger/ledger.ts'
import { sql, type Sql } from '../src/db/db.ts'
import { collect } from './testbed/collecting.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { device } from './testbed/passkey.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import {
  addAccount,
  addUser,
  approveAccount,
  approveAndDo,
  holdPayout,
  letGo,
  objectTo,
  proposeClear,
  releasePayout,
  stopAll,
} from './testbed/acts.ts'

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let server: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') server = await startPostgres({ durable: false })
      })
      afterEach(() => installation?.close())
      afterAll(() => server?.stop())

      const open = async () =>
        (installation = await openTestInstallation({ databaseUrl: await server?.migratedDatabase() }))
      const send = (approvals: 'proven' | 'any' = 'proven') =>
        sendPayouts(installation.db, installation.app.rails.starkbank!, installation.app.world, approvals)
      const payout = async () => (await installation.db.one<PayoutRow>(sql`select * from payouts`))!
      const run = (statement: Sql) => installation.db.tx(tx => tx.run(statement))
      /** As whoever can write to the database may. */
      const past = async (table: string, trigger: string, statement: Sql) => {
        const on = engine === 'PostgreSQL' ? ` on ${table}` : ''
        await installation.db.script(`drop trigger ${trigger}${on};`)
        await run(statement)
      }

      /** A checker with a key file of her own. */
      async function carla(
        role: 'checker' | 'maker' = 'checker',
      ): Promise<{ proof: Proof; keyId: string; userId: string }> {
        const { user } = await addUser(
          installation.db,
          installation.app.world,
          { name: 'carla', role, language: 'en' },
          'root',
        )
        const { pem, publicKey } = newKeyPair()
        const label = 'key file'
        await installation.db.tx(tx =>
          registerKey(tx, { user, kind: 'key', publicKey, label, proof: 'said' }, 'root'),
        )
        const keyId = fingerprint(publicKey)
        return { proof: { is: 'key', keyId, sign: readSigner(pem)!.sign }, keyId, userId: user.id }
      }
      /** A payout that is owed to `main`, whose approval carla has signed. */
      async function signed() {
        await open()
        const signer = await carla()
        expect((await signAccount(installation.db, 'main', 'carla', signer.proof)).is).toBe('signed')
        await collect(installation, [5_000n])
        return signer
      }

      test('where proof is needed, a payout waits while the approval was only said, and goes once it is signed', async () => {
        await open()
        await collect(installation, [5_000n])
        await send()
        expect(await payout()).toMatchObject({
          state: 'owed',
          why: expect.stringContaining('account main was said and not proven'),
        })
        expect(installation.transfers()).toEqual([])
        const { proof } = await carla()
        await signAccount(installation.db, 'main', 'carla', proof)
        await send()
        expect((await payout()).state).toBe('sent')
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
      })

      test.each([
        ['signed', 'proven', undefined],
        [
          'paid, being new',
          'any',
          sql`update accounts set payable_from = '2027-01-01T00:00:00.000Z' where name = 'main'`,
        ],
      ] as const)(
        'what waits until its account is %s keeps nobody waiting behind it at a limit',
        async (_, approvals, cooling) => {
          await open()
          await addAccount(
            installation.db,
            installation.app.world,
            'other',
            { ...trialAccount, number: '1' },
            'maker',
          )
          await approveAccount(installation.db, 'other', 'chico', { is: 'code' })
          const change = { asset: 'BRL', wanted: { hour: 10_000n }, by: 'ana', why: 'a test' } as const
          await installation.db.tx(tx => changeLimits(tx, installation.app.world, change))
          await collect(installation, [9_000n], 'other')
          await collect(installation, [9_000n])
          await send('any')
          await collect(installation, [9_000n], 'other')
          if (cooling) await run(cooling)
          for (let minutes = 0; minutes < 100; minutes += 5) {
            installation.pass(5 * 60_000)
            await send(approvals)
          }
          const states = await installation.db.all<{ state: string }>(
            sql`select state from payouts order by added_at, id`,
          )
          expect(states.map(({ state }) => state)).toEqual(['sent', 'owed', 'sent'])
        },
      )

      test('where none is needed, it goes at once', async () => {
        await open()
        await collect(installation, [5_000n])
        await send('any')
        expect((await payout()).state).toBe('sent')
      })

      test('to an account that nobody approved nothing goes, whatever is needed [security 3]', async () => {
        await open()
        await addAccount(
          installation.db,
          installation.app.world,
          'other',
          { ...trialAccount, number: '1' },
          'maker',
        )
        await collect(installation, [5_000n], 'other')
        await send('any')
        expect([installation.transfers(), (await payout()).state]).toEqual([[], 'owed'])
        await approveAccount(installation.db, 'other', 'chico', { is: 'code' })
        await send('any')
        expect((await payout()).state).toBe('sent')
      })

      test('a code is proof', async () => {
        await open()
        await addAccount(
          installation.db,
          installation.app.world,
          'other',
          { ...trialAccount, number: '1' },
          'maker',
        )
        await approveAccount(installation.db, 'other', 'chico', { is: 'code' })
        await collect(installation, [5_000n], 'other')
        await send()
        expect((await payout()).state).toBe('sent')
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
      })

      const columns = [
        ['number', sql`update accounts set number = '7777777'`],
        ['branch', sql`update accounts set branch = '9'`],
        ['bank', sql`update accounts set bank = '60701190'`],
        ['type', sql`update accounts set type = 'savings'`],
        ['tax id', sql`update accounts set tax_id = '1'`],
        ['holder', sql`update accounts set holder = 'Somebody'`],
        ['name', sql`update accounts set name = 'another'`],
        ['terms', sql`update accounts set recover = 'next-payouts'`],
        ['who added it', sql`update accounts set added_by = 'nobody'`],
      ] as const
      test.each(columns)(
        'an account of which the %s was edited is paid nothing, and named [security A3]',
        async (_, edit) => {
          await signed()
          await run(edit)
          await send('any')
          expect(installation.transfers()).toEqual([])
          expect(await payout()).toMatchObject({
            state: 'held',
            why: expect.stringMatching(/^account .* past this program/),
          })
          expect(await checkBooks(installation.db, installation.app.world)).toEqual([
            expect.stringMatching(/^approvals: account (main|another) /),
          ])
        },
      )

      const statements = [
        [
          'text',
          sql`update statements set text = replace(text, 'carla', 'bruno')`,
          'its text is not what was stated',
        ],
        [
          'content',
          sql`update statements set content = replace(content, '6341320293482496', '7777777')`,
          'its content is not what was stated',
        ],
        [
          'signature',
          sql`update statements set signature = 'AAAA' where signature is not null`,
          'its signature is not good',
        ],
        [
          'person',
          sql`update statements set person = 'bruno' where act = 'account.approve'`,
          'it is of another act',
        ],
        [
          'proof',
          sql`update statements set proof = 'code' where act = 'account.approve'`,
          'how it was proven is not what was recorded',
        ],
        ['row', sql`delete from statements where act = 'account.approve'`, 'it is missing'],
      ] as const
      test.each(statements)(
        'a statement whose %s was edited is no approval, and is named',
        async (what, edit, why) => {
          await signed()
          await past(
            'statements',
            what === 'row' && engine === 'SQLite' ? 'statements_stay' : 'statements_kept',
            edit,
          )
          await send()
          expect(installation.transfers()).toEqual([])
          expect((await payout()).why).toContain(`by carla: ${why}`)
          expect(await checkBooks(installation.db, installation.app.world)).toEqual([
            expect.stringContaining(`by carla: ${why}`),
          ])
        },
      )

      test('a statement approves its own act, of its own thing, by its own person, on its own installation', async () => {
        await signed()
        const record = (await installation.db.one<AuditRow>(
          sql`select * from audit where act = 'account signed'`,
        ))!
        const { act, content } = approvingAccount((await findAccount(installation.db, 'main'))!)
        const judge = (change: Partial<AuditRow> = {}, of = act) =>
          judgeApproval(installation.db, { ...record, ...change }, of, content)
        expect(await judge()).toEqual({ is: 'approved', proof: 'key' })
        for (const judged of [
          await judge({ actor: 'bruno' }),
          await judge({ subject: 'acc_other' }),
          await judge({}, 'payout.release'),
        ])
          expect(judged).toEqual({ is: 'changed', why: expect.stringContaining('it is of another act') })
        // Brought here from a sandbox whose log began in another way.
        await past('audit', 'audit_kept', sql`update audit set hash = 'another' where seq = 1`)
        expect(await judge()).toEqual({ is: 'changed', why: expect.stringContaining('it is of another act') })
      })

      test('another public key in the place of hers proves nothing, and is named', async () => {
        const { keyId } = await signed()
        await past(
          'signing_keys',
          'signing_keys_kept',
          sql`update signing_keys set public_key = ${newKeyPair().publicKey}`,
        )
        await send()
        expect(installation.transfers()).toEqual([])
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringContaining(`key ${keyId} is not the one that was registered`),
        ])
      })

      test('a statement with a key that was written into the database, and never registered, is no approval', async () => {
        const { userId } = await signed()
        const { pem, publicKey } = newKeyPair()
        const id = fingerprint(publicKey)
        await run(sql`
        insert into signing_keys (id, store_id, user_id, kind, public_key, label, added_at)
        values (${id}, 'sto_default', ${userId}, 'key', ${publicKey}, 'planted', '2026')`)
        await signAccount(installation.db, 'main', 'carla', {
          is: 'key',
          keyId: id,
          sign: readSigner(pem)!.sign,
        })
        await send()
        expect(installation.transfers()).toEqual([])
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringContaining(`key ${id} was not registered to carla`),
        ])
      })

      const editDestination = () =>
        past(
          'attempts',
          'attempts_destination_kept',
          sql`update attempts set destination = replace(destination, '6341320293482496', '7777777')`,
        )

      test('what a passkey signed is judged again at payment, with its site and its person', async () => {
        await open()
        const { userId } = await carla()
        const laptop = device()
        const user = { id: userId, name: 'carla' }
        const passkey = {
          kind: 'passkey',
          publicKey: laptop.publicKey,
          label: 'laptop',
          proof: 'code',
          credentialId: 'c',
          rp: 'pay.example.com',
        } as const
        const keyId = (await installation.db.tx(tx => registerKey(tx, { user, ...passkey }, 'carla')))!
        const main = (await findAccount(installation.db, 'main'))!
        const shown = (account = main) =>
          installation.db.tx(tx => prepare(tx, { ...approvingAccount(account), by: 'carla' }))
        const sign = async (counter: number, more = {}, text?: string) => {
          text ??= await shown()
          const signature = JSON.stringify(laptop.sign(text, { counter, ...more }))
          return signAccount(installation.db, 'main', 'carla', {
            is: 'passkey',
            keyId,
            text,
            signature,
            counter: BigInt(counter),
          })
        }
        expect((await sign(1)).is).toBe('signed')
        await expect(sign(1)).rejects.toThrow('has not counted on')
        const again = 'what was signed is not what is approved now: look at the page again'
        await expect(sign(2, {}, await shown({ ...main, holder: 'Mallory' }))).rejects.toThrow(again)
        const old = await shown()
        installation.pass(10 * 60_000 + 1)
        await expect(sign(2, {}, old)).rejects.toThrow(again)
        await collect(installation, [5_000n])
        await send()
        expect((await payout()).state).toBe('sent')
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
        // As if somebody had kept another: of another site, or without its person.
        await sign(2, { rp: 'evil.example.com' })
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringContaining('it is of another site than pay.example.com'),
        ])
      })

      test('an order whose destination was edited stops payouts, and is named [security A3]', async () => {
        await signed()
        await send()
        await editDestination()
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringMatching(/^approvals: order pay_.*-1 was to go elsewhere/),
        ])
        expect(await stopOf(installation.db)).toMatchObject({ code: 'books' })
      })

      test('after an order whose destination was edited no other is made', async () => {
        await signed()
        const rail = { ...installation.app.rails.starkbank!, pay: async () => refused('not now', true) }
        await sendPayouts(installation.db, rail, installation.app.world)
        expect((await payout()).state).toBe('owed')
        await editDestination()
        installation.pass(3_600_000)
        await send()
        expect(installation.transfers()).toEqual([])
        expect(await payout()).toMatchObject({
          state: 'held',
          why: expect.stringContaining('was to go elsewhere'),
        })
      })

      test('what a key signed stays signed once it is retired; it signs nothing more', async () => {
        const { proof, keyId, userId } = await signed()
        await installation.db.tx(tx =>
          retireKey(tx, { id: keyId, user_id: userId }, 'root', 'the laptop is gone'),
        )
        await send()
        expect((await payout()).state).toBe('sent')
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
        await expect(signAccount(installation.db, 'main', 'carla', proof)).rejects.toThrow('was retired')
        // Nor for whoever writes it back into its row; and what it signed all the same counts for nothing.
        await run(sql`update signing_keys set retired_at = null`)
        await expect(signAccount(installation.db, 'main', 'carla', proof)).rejects.toThrow('was retired')
        await past('audit', 'audit_kept', sql`update audit set act = 'x' where act = 'key retired'`)
        await signAccount(installation.db, 'main', 'carla', proof)
        await run(sql`update audit set act = 'key retired' where act = 'x'`)
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringContaining('was retired before'),
        ])
      })

      test('a key that was registered lately signs nothing yet, and what it signed too early counts for nothing', async () => {
        const { userId } = await signed()
        const { pem, publicKey } = newKeyPair()
        const keyId = fingerprint(publicKey)
        const signsFrom = instant(installation.clock.now() + 24 * 3_600_000)
        const key = {
          user: { id: userId, name: 'carla' },
          kind: 'key',
          publicKey,
          label: 'new',
          proof: 'code',
          signsFrom,
        } as const
        await installation.db.tx(tx => registerKey(tx, key, 'carla'))
        const proof: Proof = { is: 'key', keyId, sign: readSigner(pem)!.sign }
        await expect(signAccount(installation.db, 'main', 'carla', proof)).rejects.toThrow(
          `signs from ${signsFrom} on`,
        )
        await past(
          'audit',
          'audit_kept',
          sql`update audit set detail = replace(detail, 'signsFrom', 'x') where act = 'key registered'`,
        )
        await signAccount(installation.db, 'main', 'carla', proof)
        await run(
          sql`update audit set detail = replace(detail, '"x":', '"signsFrom":') where act = 'key registered'`,
        )
        expect(await bookFindings()).toContainEqual(
          expect.stringContaining(`key ${keyId} was registered too lately to sign then`),
        )
      })

      const bookFindings = () => checkBooks(installation.db, installation.app.world)
      const limit = (wanted: bigint | null) =>
        installation.db.tx(tx =>
          changeLimits(tx, installation.app.world, {
            asset: 'BRL',
            wanted: { payout: wanted, day: 1_000_000n },
            by: 'ana',
            why: 'as decided',
          }),
        )

      test('a stop that was taken away past the program still stops, and is named', async () => {
        await signed()
        await stopAll(installation.db, 'look', 'ana')
        await run(sql`delete from settings where name = 'hold'`)
        await send()
        expect(installation.transfers()).toEqual([])
        expect(await bookFindings()).toEqual([
          expect.stringContaining('payouts were stopped, and nobody let them go'),
        ])
        await stopAll(installation.db, 'look', 'ana')
        await letGo(installation.db, 'seen', 'carla')
        expect(await bookFindings()).toEqual([])
        // Nor is it hidden by what else stops them.
        await stopAll(installation.db, 'look', 'ana')
        await installation.db.tx(tx => stopPayouts(tx, because('said', { said: 'odd' })))
        await run(sql`delete from holds where held_by = 'ana'`)
        expect(await bookFindings()).toEqual([
          expect.stringContaining('payouts were stopped, and nobody let them go'),
        ])
      })

      test('an objection that was taken away past the program is named, and one that two people cleared is not', async () => {
        const { userId } = await signed()
        await objectTo(installation.db, installation.app.world, 'carla', { by: 'dora', why: 'who is that' })
        expect(await bookFindings()).toEqual([])
        await run(
          sql`update objections set cleared_at = '2026-01-01T00:00:00.000Z' where user_id = ${userId}`,
        )
        expect(await bookFindings()).toEqual([
          expect.stringContaining('dora objects to carla, and nobody cleared it'),
        ])
        await run(sql`update objections set cleared_at = null`)
        const { proposal } = await proposeClear(installation.db, installation.app.world, 'carla', {
          by: 'eva',
          why: 'she began on Monday',
        })
        expect((await approveAndDo(installation.app, proposal.id, { by: 'fabio' })).is).toBe('approved')
        expect(await bookFindings()).toEqual([])
      })

      test('a role that nobody gave is named', async () => {
        await signed()
        await run(sql`update users set role = 'admin'`)
        expect(await bookFindings()).toEqual([
          expect.stringContaining('carla is admin, and nobody gave them that role'),
        ])
      })

      const edits = [
        [
          'role',
          sql`update users set role = 'admin' where name = 'carla'`,
          'carla is admin, and nobody gave them that role',
        ],
        [
          'state',
          sql`update users set state = 'removed' where name = 'carla'`,
          'carla is removed, and nobody made them so',
        ],
        [
          'link',
          sql`update users set given_by = 'eva' where name = 'carla'`,
          'by a link of eva, who did not make it',
        ],
        [
          'wait',
          sql`update users set approves_from = '2020-01-01T00:00:00.000Z' where name = 'carla'`,
          'that is not what was set',
        ],
        ['name', sql`update audit set act = 'x' where act = 'user added'`, 'nobody added them'],
      ] as const
      test.each(edits)(
        'somebody whose %s was edited lets nothing go, and proposes nothing',
        async (what, edit, why) => {
          const { proof } = await signed()
          await limit(10_000n)
          const changed = await limit(20_000n)
          if (!('proposal' in changed)) throw new Error(changed.is)
          const { id } = await payout()
          await holdPayout(installation.db, id, { by: 'ana', why: 'look' })
          await stopAll(installation.db, 'look', 'ana')
          await addAccount(
            installation.db,
            installation.app.world,
            'other',
            { ...trialAccount, number: '1' },
            'maker',
          )
          if (what === 'name') await past('audit', 'audit_kept', edit)
          else await run(edit)
          const bar = { is: 'barred', bar: { is: 'edited' } }
          expect(
            await approveAndDo(installation.app, changed.proposal.id, { by: 'carla', proof }),
          ).toMatchObject(bar)
          expect(await signAccount(installation.db, 'main', 'carla', proof)).toMatchObject(bar)
          for (const act of [
            () => releasePayout(installation.db, id, { by: 'carla', why: 'seen', proof }),
            () => letGo(installation.db, 'seen', 'carla', () => true, proof),
            () => approveAccount(installation.db, 'other', 'carla', proof),
            () =>
              addAccount(
                installation.db,
                installation.app.world,
                'third',
                { ...trialAccount, number: '2' },
                'carla',
              ),
          ])
            await expect(act()).rejects.toThrow(why)
          expect(await bookFindings()).toContainEqual(expect.stringContaining(why))
        },
      )

      test('a proposal whose maker was edited, so that they could approve it themselves, is approved by nobody', async () => {
        await signed()
        await limit(10_000n)
        const changed = await limit(20_000n)
        if (!('proposal' in changed)) throw new Error(changed.is)
        await run(sql`update proposals set made_by = 'somebody'`)
        for (const by of ['ana', 'bruno'])
          expect(await approveAndDo(installation.app, changed.proposal.id, { by })).toMatchObject({
            is: 'barred',
            bar: { is: 'edited' },
          })
        expect(await bookFindings()).toEqual([
          expect.stringContaining(`proposal ${changed.proposal.id} is not as it was made`),
        ])
      })

      test.each([
        [
          'whose amount was edited',
          sql`update proposals set detail = replace(detail, '200.00', '900.00')`,
          'is not as it was approved',
        ],
        ['that nobody approved', sql`update proposals set decided_by = 'mallory'`, 'nobody approved it'],
      ])('an approved proposal %s is named', async (_, edit, why) => {
        const { proof } = await signed()
        await limit(10_000n)
        const changed = await limit(20_000n)
        if (!('proposal' in changed)) throw new Error(changed.is)
        await approveAndDo(installation.app, changed.proposal.id, { by: 'carla', proof })
        expect(await bookFindings()).toEqual([])
        await run(edit)
        const found = await bookFindings()
        // What it raised counts no longer, though the row and the audit log both say it.
        expect(found).toEqual([
          expect.stringContaining('is R$ 200.00 in BRL, and people set R$ 100.00'),
          expect.stringContaining(`proposal ${changed.proposal.id} `),
        ])
        expect(found[1]).toContain(why)
      })

      test('a release and a go are stated, and an edit of their statements is named', async () => {
        const { proof } = await signed()
        const { id } = await payout()
        await holdPayout(installation.db, id, { by: 'ana', why: 'look' })
        await releasePayout(installation.db, id, { by: 'carla', why: 'seen', proof })
        await stopAll(installation.db, 'look', 'ana')
        await letGo(installation.db, 'seen', 'carla', () => true, proof)
        expect(
          await installation.db.all(
            sql`select act, proof from statements where act like 'payout%' order by act`,
          ),
        ).toEqual([
          { act: 'payout.release', proof: 'key' },
          { act: 'payouts.go', proof: 'key' },
        ])
        expect(await bookFindings()).toEqual([])
        await past(
          'statements',
          'statements_kept',
          sql`update statements set signature = 'AAAA' where act = 'payout.release'`,
        )
        await send()
        expect(await payout()).toMatchObject({
          state: 'held',
          why: expect.stringContaining('its signature is not good'),
        })
        await run(sql`update statements set signature = 'AAAA' where act = 'payouts.go'`)
        await run(sql`update payouts set state = 'owed', why = null`)
        await send()
        expect(await payout()).toMatchObject({
          state: 'owed',
          why: expect.stringMatching(/^payouts let go payouts: .*not good/),
        })
        expect(installation.transfers()).toEqual([])
        expect(await bookFindings()).toEqual([
          expect.stringContaining('payout released'),
          expect.stringContaining('payouts let go'),
        ])
      })

      test('nobody signs for an account that they added, that is not approved, or that is not as it was approved', async () => {
        await open()
        const { proof } = await carla()
        await addAccount(
          installation.db,
          installation.app.world,
          'hers',
          { ...trialAccount, number: '1' },
          'Carla',
        )
        expect((await signAccount(installation.db, 'hers', 'carla', proof)).is).toBe('not approved')
        await approveAccount(installation.db, 'hers', 'bruno')
        expect((await signAccount(installation.db, 'hers', 'carla', proof)).is).toBe('own')
        await run(sql`update accounts set number = '7777777' where name = 'main'`)
        expect((await signAccount(installation.db, 'main', 'carla', proof)).is).toBe('changed')
        expect((await signAccount(installation.db, 'nowhere', 'carla', proof)).is).toBe('unknown')
      })

      test('statements, keys and destinations cannot be edited by a plain update', async () => {
        await signed()
        await send()
        for (const edit of [
          sql`update statements set text = ''`,
          sql`delete from statements`,
          sql`update signing_keys set public_key = ''`,
          sql`delete from signing_keys`,
          sql`update attempts set destination = ''`,
        ])
          await expect(run(edit)).rejects.toThrow(/append-only|kept/)
      })
    },
  )
})
