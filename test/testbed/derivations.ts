/**
 * Addresses derived once in a process: installations with the same keys have the same thousands of them, and
 * deriving them would be most of what an installation costs.
 */
import type { Branch, ChainRail } from '../../src/rails/chain.ts'

type Derive = ChainRail['derive']
const remembered = new Map<string, ReturnType<Derive>>()

/**
 * `derive` as it is, asked once for each address. `account`: a name of the keys, of which the address is one.
 */
export const remembering =
  (account: string, derive: Derive): Derive =>
  (branch: Branch, index: number) => {
    const key = `${account}/${branch}/${index}`
    const known = remembered.get(key) ?? derive(branch, index)
    remembered.set(key, known)
    return known
  }
