/** The shop at the command line: products with their photos, what can be paid with, and orders. */
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { png } from '../../test/testbed/photos.ts'
import { accountAdd, openTerminal } from '../../test/testbed/terminal.ts'
import { systemClock, systemRandom } from '../base/clock.ts'
import { auditChain } from '../ledger/ledger.ts'
import { newKey, orderMachine, writeOrder, type Placing } from '../shop/shop.ts'
import { openDb, sql } from '../db/db.ts'
import { silentLog } from '../base/log.ts'
import { orderFilters } from '../queries/filters.ts'

const { at, env, repasse } = openTerminal()
const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
const inDb = async <T>(work: (db: Awaited<ReturnType<typeof openDb>>) => Promise<T>): Promise<T> => {
  const db = await openDb(env['DATABASE_URL']!, world)
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

beforeAll(async () => {
  expect((await repasse(accountAdd())).code).toBe(0)
  writeFileSync(at('cafe.png'), png(64, 48))
  writeFileSync(at('page.png'), '<html><script>alert(1)</script>')
  writeFileSync(at('huge.png'), Buffer.alloc(600_000))
})

describe('products', () => {
  test('one is added, listed, changed, removed and listed again, and the audit log has each act', async () => {
    const added = await repasse([
      'product',
      'add',
      '--name',
      'Café Ético 250 g',
      '--price',
      '39.90',
      '--stock',
      '20',
      '--photo',
      at('cafe.png'),
      '--by',
      'ana',
    ])
    expect([added.code, added.out]).toEqual([
      0,
      'product cafe-etico-250-g is on sale: "Café Ético 250 g", R$ 39.90, 20 in stock, listed\n',
    ])
    const [row] = JSON.parse((await repasse(['product', 'list', '--json'])).out) as Record<string, unknown>[]
    expect(row).toMatchObject({
      slug: 'cafe-etico-250-g',
      price: { units: '3990' },
      stock: 20,
      photo: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    })

    expect(
      (
        await repasse([
          'product',
          'edit',
          'cafe-etico-250-g',
          '--price',
          '42',
          '--stock',
          '+5',
          '--by',
          'ana',
        ])
      ).out,
    ).toContain('R$ 42.00, 25 in stock')
    expect((await repasse(['product', 'edit', 'Café Ético 250 g', '--stock', '-25'])).out).toContain(
      '0 in stock',
    )
    expect((await repasse(['product', 'edit', 'cafe-etico-250-g', '--stock', '-1'])).err).toContain(
      'there are 0 of "Café Ético 250 g"',
    )
    expect((await repasse(['product', 'remove', 'cafe-etico-250-g', '--by', 'bia'])).out).toContain('removed')
    expect((await repasse(['product', 'remove', 'cafe-etico-250-g'])).err).toContain('is removed already')
    expect(
      (await repasse(['product', 'add', '--name', 'Cafe etico 250 g', '--price', '1', '--stock', '1'])).err,
    ).toContain('already (cafe-etico-250-g, removed)')
    expect(
      (await repasse(['product', 'edit', 'cafe-etico-250-g', '--listed', '--stock', '20'])).out,
    ).toContain('20 in stock, listed')
    expect((await repasse(['product', 'list'])).out).toMatch(
      /cafe-etico-250-g +Café Ético 250 g +listed +R\$ 42\.00 +20 +yes/,
    )

    const acts = await inDb(async db => {
      expect(await auditChain(db)).toEqual([])
      return db.all<{ act: string; actor: string }>(
        sql`select act, actor from audit where subject = ${row!['id'] as string} order by seq`,
      )
    })
    expect(acts.map(({ act }) => act)).toEqual([
      'product added',
      'product changed',
      'product changed',
      'product removed',
      'product listed',
      'product changed',
    ])
    expect([acts[0]!.actor, acts[3]!.actor]).toEqual(['ana', 'bia'])
    const subject = row!['id'] as string
    const listed = JSON.parse(
      (await repasse(['audit', 'list', '--subject', subject, '--actor', 'bia', '--json'])).out,
    ) as { seq: string; act: string; detail: object }[]
    expect(listed.map(({ act }) => act)).toEqual(['product removed'])
    const first = await repasse(['audit', 'list', '--subject', subject, '--limit', '1'])
    expect(first.err).toMatch(/^older ones: --before \d+\n$/)
    const older = await repasse(['audit', 'list', '--subject', subject, '--before', listed[0]!.seq])
    expect(older.out).not.toContain('product removed')
    expect(older.out).toContain('product added')
  })

  test.each([
    [['--price', '0'], 'a price is above zero'],
    [['--price', '-1'], '--price "-1" is not an amount'],
    [['--price', '39,905'], '--price "39,905" could be thousands or decimals'],
    [['--stock', 'many'], '--stock "many" is not a whole number'],
    [['--stock', '+5'], 'a sign, which only "product edit" takes'],
    [['--name', '***'], 'no letter or digit'],
    [['--name', 'a\u0007b'], 'has control characters'],
    [['--photo', 'missing.png'], 'cannot be read (ENOENT)'],
  ])('%j is refused by name, and nothing is added', async (flags, right) => {
    const base = { name: 'Other', price: '1.00', stock: '1' }
    const words = Object.entries({
      ...base,
      ...Object.fromEntries([[flags[0]!.slice(2), flags[1]!]]),
    }).flatMap(([name, value]) => [`--${name}=${value}`])
    const { code, out, err } = await repasse(['product', 'add', ...words])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(right)
  })

  test.each([
    ['page.png', 'is no JPEG, PNG or WebP by its bytes'],
    ['huge.png', 'kB, and may have 512'],
  ])('a photo %s is refused, whatever it is called', async (file, right) => {
    const { code, err } = await repasse([
      'product',
      'add',
      '--name',
      'Other',
      '--price',
      '1',
      '--stock',
      '1',
      '--photo',
      at(file),
    ])
    expect([code, err]).toEqual([2, expect.stringContaining(right)])
    expect((await repasse(['product', 'edit', 'other', '--stock', '1'])).err).toContain(
      'there is no product "other"',
    )
  })

  test('what is wrong with price, stock and photo is told at once', async () => {
    const { code, err } = await repasse([
      ...['product', 'add', '--name', 'Other', '--price', '0', '--stock=-1', '--photo', at('page.png')],
    ])
    expect(code).toBe(2)
    for (const fault of [
      '3 values cannot be',
      'a price is above zero',
      '--stock "-1" has a sign',
      'is no JPEG, PNG or WebP',
    ])
      expect(err).toContain(fault)
  })

  test('an edit of nothing says what could be changed', async () => {
    expect((await repasse(['product', 'edit', 'cafe-etico-250-g'])).err).toContain(
      'nothing to change: say --name',
    )
  })
})

describe('the shop', () => {
  test('offers what it was told to, to accounts of that rail, and can stop', async () => {
    expect((await repasse(['shop', 'show'])).err).toContain('offers nothing to pay with')
    const first = await repasse([
      'shop',
      'pay-to',
      '--rail',
      'starkbank',
      '--account',
      'main',
      '--commission',
      '1%',
      '--min-payout',
      '10.00',
      '--by',
      'ana',
    ])
    expect([first.code, first.out]).toEqual([0, 'the shop offers starkbank, and its money goes to main\n'])
    expect(first.err).toContain('nothing is paid on before someone approves it')
    expect((await repasse(['shop', 'show'])).out).toMatch(
      /starkbank +main +awaiting +1\.00% +R\$ 10\.00 +ana/,
    )
    expect((await repasse(['shop', 'pay-to', '--rail', 'bitcoin', '--account', 'main'])).err).toContain(
      'the bitcoin rail pays to a bitcoin account',
    )
    expect((await repasse(['shop', 'pay-to', '--rail', 'starkbank', '--account', 'nobody'])).err).toContain(
      'there is no account "nobody"',
    )
    expect((await repasse(['shop', 'pay-to', '--rail', 'pix', '--account', 'main'])).err).toContain(
      'is not one of starkbank, bitcoin',
    )
    expect(
      (await repasse(['shop', 'pay-to', '--rail', 'starkbank', '--account', 'main', '--min-payout', 'some']))
        .err,
    ).toContain('--min-payout "some"')
    const again = await repasse(['shop', 'pay-to', '--rail', 'starkbank', '--account', 'main', '--json'])
    expect(JSON.parse(again.out)).toMatchObject({
      rail: 'starkbank',
      commission: '0.00%',
      minPayout: { units: '0' },
    })
    expect((await repasse(['shop', 'stop', '--rail', 'starkbank'])).code).toBe(0)
    expect((await repasse(['shop', 'stop', '--rail', 'starkbank'])).err).toContain('does not offer starkbank')
    expect((await repasse(['shop', 'pay-to', '--rail', 'starkbank', '--account', 'main'])).code).toBe(0)
  })
})

const placed = (buyer: Placing['buyer'], quantity: bigint): Promise<string> =>
  inDb(async db => {
    const [product] = await db.all<{ id: string }>(sql`select id from products`)
    const placing: Placing = {
      basketKey: newKey(world),
      lines: [{ productId: product!.id, quantity }],
      buyer,
      rail: 'starkbank',
      language: 'pt-BR',
    }
    const order = await writeOrder(db, world, placing, {
      rails: ['starkbank'],
      price: async () => undefined,
      writes: false,
    })
    if (order.is !== 'placed') throw new Error(JSON.stringify(order))
    return order.order.id
  })

describe('orders', () => {
  test('one is listed and shown with its goods and its invoice, which says whose it is', async () => {
    const id = await placed({ name: 'Ana Lima', email: 'ana@example.com', taxId: '012.345.678-90' }, 2n)
    expect((await repasse(['order', 'list', '--state', 'awaiting'])).out).toContain(id)
    expect((await repasse(['order', 'list', '--state', 'paid'])).out).not.toContain(id)
    for (const found of [
      ['--q', id.slice(-8).toUpperCase()],
      ['--q', id],
      ['--to', '2126-01-01'],
    ])
      expect((await repasse(['order', 'list', ...found])).out).toContain(id)
    for (const other of [
      ['--q', '00000000'],
      ['--rail', 'bitcoin'],
      ['--to', '2020-01-01'],
      ['--before', id],
    ])
      expect((await repasse(['order', 'list', ...other])).out).not.toContain(id)
    expect((await repasse(['order', 'list', '--before', 'ord_none'])).err).toContain('is not an order')
    const { out } = await repasse(['order', 'show', id.slice(-8).toUpperCase()], {
      PUBLIC_URL: 'https://shop.example.com/',
    })
    expect(out).toContain('https://shop.example.com/orders/')
    expect(out).toMatch(/2 +Café Ético 250 g +R\$ 42\.00 +R\$ 84\.00/)
    const shown = JSON.parse((await repasse(['order', 'show', id, '--json'])).out) as {
      invoices: { id: string }[]
      page: null
    }
    expect(shown).toMatchObject({
      id,
      state: 'awaiting',
      page: null,
      email: 'ana@example.com',
      needsPerson: null,
    })
    const invoice = shown.invoices[0]!.id
    expect((await repasse(['invoice', 'show', invoice])).out).toMatch(new RegExp(`order +${id}`))
    // Both have the buyer's CPF whole, which is recorded; their tables mask it.
    expect(JSON.parse((await repasse(['invoice', 'show', invoice, '--json'])).out)).toMatchObject({
      slot: null,
      order: id,
    })
    const readings = sql`select subject from audit where act = 'tax id shown' order by seq`
    expect(await inDb(db => db.all(readings))).toEqual([{ subject: id }, { subject: invoice }])
    expect((await repasse(['invoice', 'list'])).out).toMatch(new RegExp(`${invoice} .*${id}`))
    expect((await repasse(['order', 'show', 'nothing'])).err).toContain('there is no order "nothing"')
  })

  test('what needs a person is told by status until someone says what was done, once', async () => {
    const id = await inDb(async db => {
      const [order] = await db.all<{ id: string }>(sql`select id from orders`)
      await db.tx(tx =>
        tx.run(sql`update orders set attention = 'it was paid 2 times' where id = ${order!.id}`),
      )
      return order!.id
    })
    expect((await repasse(['status'])).out).toContain(`order ${id}: it was paid 2 times`)
    expect((await repasse(['order', 'attended', id])).err).toContain('--why')
    expect((await repasse(['order', 'attended', id, '--why', 'sent back by hand', '--by', 'bia'])).code).toBe(
      0,
    )
    expect((await repasse(['order', 'attended', id, '--why', 'again'])).err).toContain('needs nobody')
    expect((await repasse(['status'])).out).not.toContain('it was paid 2 times')
  })

  test('a letter that failed is told by status, and tried again when somebody says so', async () => {
    const id = await inDb(async db => {
      const [order] = await db.all<{ id: string }>(sql`select id from orders`)
      await db.tx(tx =>
        tx.run(sql`insert into mails (id, order_id, kind, state, tries, why, next_at, added_at, changed_at)
          values ('mai_1', ${order!.id}, 'paid', 'failed', 9, 'no such user', '', '', '')`),
      )
      return order!.id
    })
    expect((await repasse(['status'])).out).toContain(
      `the mail "paid" of order ${id} could not be sent: no such user`,
    )
    expect((await repasse(['order', 'show', id])).out).toMatch(/letter "paid" +failed: no such user/)
    expect((await repasse(['order', 'letters', id, '--by', 'bia'])).out).toBe(
      `1 of order ${id} will be tried again\n`,
    )
    expect((await repasse(['order', 'letters', id])).err).toContain('no letter of order')
    expect((await repasse(['status'])).out).not.toContain('could not be sent')
    expect(await inDb(db => db.one(sql`select state, tries from mails where id = 'mai_1'`))).toEqual({
      state: 'queued',
      tries: 0n,
    })
  })

  test('the states that --state takes are the machine’s', () => {
    expect([...orderFilters.choices.state].sort()).toEqual(Object.keys(orderMachine).sort())
  })

  test.each([
    [
      'search',
      [
        ['--q', 'bia@example.com'],
        ['--q', 'caio@example.com'],
      ],
    ],
    [
      'page',
      [
        ['--limit', '1'],
        ['--limit', '1', '--before'],
      ],
    ],
  ] as const)('whole tax ids of every %s are recorded, of as many rows as before too', async (by, asked) => {
    const buyers = [
      { name: 'Bia Reis', email: 'bia@example.com', taxId: '529.982.247-25' },
      { name: 'Caio Sá', email: 'caio@example.com', taxId: '111.444.777-35' },
    ]
    if (by === 'search') for (const buyer of buyers) await placed(buyer, 1n)
    const records = () =>
      inDb(db =>
        db.all(
          sql`select seq from audit where act = 'tax ids exported' and subject in ('orders', 'invoices')`,
        ),
      )
    for (const list of ['order', 'invoice']) {
      const before = (await records()).length
      let last = ''
      for (const words of asked) {
        const { out } = await repasse([
          list,
          'list',
          '--json',
          ...words,
          ...(words.at(-1) === '--before' ? [last] : []),
        ])
        const rows = JSON.parse(out) as { id: string }[]
        expect(rows).toHaveLength(1)
        last = rows[0]!.id
      }
      expect([list, (await records()).length - before]).toEqual([list, 2])
    }
  })
})
