/** The node the tests run against keeps its folder over a kill, and answers for what it is. */
import { existsSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from './bitcoind.ts'
import { eventually } from './eventually.ts'

describe.skipIf(!bitcoindAvailable())('a bitcoind of the tests', () => {
  test('mines, keeps its chain over a stop and a kill on the same port, and two blocks after an invalidation differ', async () => {
    const node = await startBitcoind()
    const [first] = await node.mine(1)
    await node.rpc('invalidateblock', [first])
    const [second] = await node.mine(1)
    expect(second).not.toBe(first)
    await node.stop()
    await expect(node.rpc('getblockcount')).rejects.toThrow(/fetch failed|ENOENT/)
    await node.start()
    expect(await node.rpc('getbestblockhash')).toBe(second)
    await node.kill()
    await node.start()
    expect(await node.rpc('getblockcount')).toBeLessThanOrEqual(1)
    await expect(node.rpc('getblockhash', [99])).rejects.toThrow(expect.objectContaining({ code: -8 }))
    await node.stop()
  })

  test('a flag it does not know is said, and leaves nothing behind', async () => {
    await expect(startBitcoind({ extra: ['-nosuchflag'] })).rejects.toThrow(/Invalid parameter -nosuchflag/)
  })

  test('goes with the process that started it, folder and all, though nobody stopped it', async () => {
    const module = resolve(import.meta.dirname, 'bitcoind.ts')
    const program = `import { startBitcoind } from ${JSON.stringify(module)}
      const node = await startBitcoind()
      const { readFileSync } = await import('node:fs')
      console.log(node.folder + ' ' + readFileSync(node.folder + '/regtest/bitcoind.pid', 'utf8').trim())
      process.kill(process.pid, 'SIGKILL')`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    const [folder, pid] = stdout.trim().split(' ')
    await eventually(() => existsSync(folder!)).toBe(false)
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })
})
