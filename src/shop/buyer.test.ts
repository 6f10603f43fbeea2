/** Who buys: what is kept of an address whose domain has accents. */
import { expect, test } from 'vitest'
import { checkBuyer } from './buyer.ts'

test('an address’s domain is kept as mail servers know it', () => {
  const buyer = { name: 'Ana', email: 'ana@padaria-são.com.br', taxId: '123.456.789-09' }
  expect(checkBuyer(buyer)).toEqual({
    faults: [],
    checked: { ...buyer, email: 'ana@xn--padaria-so-n5a.com.br' },
  })
  expect(checkBuyer({ ...buyer, email: 'aná@padaria.com.br' }).faults).toEqual([
    { field: 'email', is: 'invalid' },
  ])
})
