/**
 * What `repasse doctor` asks about the Bitcoin rail: the node and its chain, our account, who signs, and what
 * a bitcoin costs.
 */
import { formatDuration } from '../../base/duration.ts'
import { formatReais } from '../../base/money.ts'
import { millis } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { ChainInfo, ChainRail } from '../../rails/chain.ts'
import type { Quote } from '../../rates/rates.ts'
import type { Check } from './check.ts'
import { perByte } from '../rate.ts'
import type { Chain } from '../shell.ts'

/** Nothing is asked where no node is configured; a check binds and makes nothing. */
export async function* bitcoin(base: Base): AsyncGenerator<Check> {
  if (base.config.BITCOIN_RPC_URL === undefined) return
  const { openChain } = await import('../../app.ts')
  const chain = await openChain(base, { binds: false }).catch((error: unknown) =>
    error instanceof Error ? error : new Error('an unknown surprise'),
  )
  if (chain instanceof Error)
    return yield {
      check: 'bitcoin',
      is: 'error',
      says: chain.message,
      run: 'mend BITCOIN_* in .env or the environment; .env.example explains each',
    }
  if (!chain) return
  const { rail } = chain
  try {
    yield account(rail)
    const info = await rail.info()
    if (info.is === 'done') {
      yield node(rail, info.value)
      yield* following(base, rail, info.value)
    } else
      yield {
        check: 'node',
        is: 'error',
        says: info.why,
        run: /follows the chain/.test(info.why)
          ? 'name another node in BITCOIN_RPC_URL, or mend BITCOIN_NETWORK'
          : 'see that bitcoind is running with -server, and that BITCOIN_RPC_URL and its cookie or password are right',
      }
    yield* signer(base, rail)
    if (info.is === 'done') yield await fees(base, rail)
    yield* rates(base, chain)
    yield* hints(base, rail)
  } finally {
    rail.close()
  }
}

/** A person compares these with what the wallet shows. */
function account(rail: ChainRail): Check {
  const lines = (['receive', 'change'] as const).flatMap(branch =>
    [0, 1].map(number => {
      const { address, path } = rail.derive(branch, number)
      return `${branch} ${number}: ${address} (${path})`
    }),
  )
  return { check: 'account', is: 'ok', says: [rail.descriptor, ...lines].join('\n') }
}

const node = ({ network }: ChainRail, { height, headers, syncing, prunedBelow }: ChainInfo): Check =>
  syncing
    ? {
        check: 'node',
        is: 'warn',
        says: `${network}, still reading blocks: ${height} of ${headers}. Nothing is credited until it has them`,
        run: 'wait',
      }
    : {
        check: 'node',
        is: 'ok',
        says: `${network}, at block ${height}${prunedBelow > 0 ? `, pruned below ${prunedBelow}` : ''}`,
      }

/** How far behind is nothing to speak of: the next look reads them. */
const usualLag = 3

async function* following({ db }: Base, rail: ChainRail, info: ChainInfo): AsyncGenerator<Check> {
  const check = 'chain'
  const { chainTrouble, tipOf } = await import('../../chain/chain.ts')
  const tip = await tipOf(db)
  if (!tip) return yield { check, is: 'info', says: 'nothing of it was read yet', run: 'repasse serve' }
  const trouble = await chainTrouble(db)
  if (trouble !== undefined)
    yield {
      check,
      is: 'error',
      says: `it could not be followed at the last look, so nothing is credited: ${trouble}`,
    }

  const [height, next] = [Number(tip.height), Number(tip.height) + 1]
  const header = await rail.header(tip.hash)
  if (header.is === 'done' && !header.value)
    return yield {
      check,
      is: 'error',
      says: `the node does not know block ${height} (${tip.hash}), the last we have read`,
      run: 'name the node that was followed before in BITCOIN_RPC_URL: this one has another chain, or is behind it',
    }
  if (info.prunedBelow > next)
    return yield {
      check,
      is: 'error',
      says: `read up to block ${height}, and the node has pruned all below ${info.prunedBelow}: what was paid in between cannot be seen by it`,
      run: 'name a node in BITCOIN_RPC_URL that still has them',
    }
  const lag = info.height - height
  if (lag > usualLag)
    yield {
      check,
      is: 'warn',
      says: `read up to block ${height}, ${lag} behind the node`,
      run: 'repasse serve reads them',
    }
  else if (trouble === undefined)
    yield { check, is: 'ok', says: `read up to block ${height}${lag > 0 ? `, ${lag} behind the node` : ''}` }
}

/** As far again as a restore passes over, so that it is not told again soon. */
const furtherOn = 2_000

/** The numbers that are handed out next; 0 where there is no database yet. */
async function nextNumbers(db: Base['db']): Promise<Record<'receive' | 'change', number>> {
  const { nextOf } = await import('../../chain/chain.ts')
  return { receive: await nextOf(db, 'receive'), change: await nextOf(db, 'change') }
}

async function* signer({ config, db }: Base, rail: ChainRail): AsyncGenerator<Check> {
  const check = 'signer'
  const next = await nextNumbers(db)
  const [first, ...later] = [
    rail.derive('receive', 0),
    rail.derive('receive', next.receive),
    rail.derive('change', next.change),
  ]
  const answer = await rail.wallet([first, ...later].map(({ address }) => address))
  if (answer === undefined) yield { check, is: 'ok', says: 'a person signs: repasse bitcoin psbt list' }
  else if (answer.is !== 'done')
    yield {
      check,
      is: 'error',
      says: answer.why,
      run: 'see that the node has the wallet that BITCOIN_WALLET names',
    }
  else {
    const { name, loaded, signs, locked, strange } = answer.value
    const unknown = later.filter(({ address }) => strange.includes(address))
    if (!loaded)
      yield {
        check,
        is: 'error',
        says: `the node has not loaded the wallet ${name}`,
        run: `bitcoin-cli loadwallet ${name}`,
      }
    else if (!signs)
      yield {
        check,
        is: 'error',
        says: `the wallet ${name} holds no private keys`,
        run: 'name in BITCOIN_WALLET the one that does, or set BITCOIN_SIGNER=psbt',
      }
    else if (strange.includes(first.address))
      yield {
        check,
        is: 'error',
        says: `the wallet ${name} does not know our first address ${first.address}, so it cannot sign for what is paid to us`,
        run: 'import into it the private descriptors of BITCOIN_DESCRIPTOR (bitcoin-cli importdescriptors), or name in BITCOIN_WALLET the wallet that has them',
      }
    else if (unknown.length > 0)
      yield {
        check,
        is: 'error',
        says: `the wallet ${name} does not know our next ${listOf(unknown)}, so it could not sign for what comes there`,
        run: `bitcoin-cli -rpcwallet=${name} keypoolrefill ${Math.max(next.receive, next.change) + furtherOn}; where its descriptors were imported and are not active, import them again with a longer range`,
      }
    else if (locked)
      yield {
        check,
        is: 'warn',
        says: `the wallet ${name} is locked, so payouts wait`,
        run: `bitcoin-cli -rpcwallet=${name} walletpassphrase PASSPHRASE SECONDS`,
      }
    else yield { check, is: 'ok', says: `the wallet ${name} of the node signs` }
  }
  if (config.BITCOIN_POLICY_FILE !== undefined)
    yield {
      check: 'signing policy',
      is: 'ok',
      says: `${config.BITCOIN_POLICY_FILE} is asked before each signature`,
    }
  else if (rail.signer === 'wallet')
    yield {
      check: 'signing policy',
      is: 'warn',
      says: 'there is none, so the wallet signs whatever is planned',
      run: 'write caps and destinations into a file, and name it in BITCOIN_POLICY_FILE; docs/bitcoin.md shows one',
    }
}

async function fees({ config }: Base, rail: ChainRail): Promise<Check> {
  const check = 'fee rate'
  const rate = await rail.feeRate()
  if (rate.is !== 'done')
    return { check, is: 'warn', says: `the node gives none, so payouts wait: ${rate.why}` }
  const most = config.BITCOIN_MAX_FEE_RATE
  const note = rail.feeNote?.()
  const says = `${perByte(rate.value)} sat/vB to be mined within ${config.BITCOIN_FEE_BLOCKS} blocks; at most ${perByte(most)} is offered${note === undefined ? '' : `; ${note}`}`
  return rate.value >= most
    ? { check, is: 'warn', says, run: 'raise BITCOIN_MAX_FEE_RATE, or wait for a cheaper hour' }
    : { check, is: 'ok', says }
}

/** Each source is asked once, now, and nothing of it is kept. */
async function* rates({ config, world }: Base, { app }: Chain): AsyncGenerator<Check> {
  const check = 'rate'
  if (config.RATE_FIXED !== undefined)
    yield {
      check,
      is: 'warn',
      says: `RATE_FIXED is ${formatReais(config.RATE_FIXED.price)} for 1 BTC: every request is priced at it, for ever`,
    }
  const { decideRate } = await import('../../rates/rates.ts')
  const answers = await Promise.all(
    app.sources.map(async source => ({ name: source.name, answer: await source.quote() })),
  )
  const now = world.clock.now()
  const quotes = answers.flatMap(({ answer }) => (answer.is === 'done' ? [answer.value] : []))
  const decided = decideRate(quotes, { ...app.agreement, now })
  const middle = decided.is === 'rate' ? decided.price : undefined
  const lines = answers.map(
    ({ name, answer }) =>
      `${name}: ${answer.is === 'done' ? sayingOf(answer.value, middle, now) : answer.why}`,
  )
  if (decided.is === 'rate') {
    const whole = answers.every(({ answer }) => answer.is === 'done')
    if (config.RATE_FIXED === undefined || !whole)
      yield {
        check,
        is: whole ? 'ok' : 'info',
        says: [`${formatReais(decided.price)} for 1 BTC`, ...lines].join('\n'),
      }
  } else
    yield {
      check,
      is: 'error',
      says: [decided.why, ...lines].join('\n'),
      run: 'see that the sources can be reached from here, or set RATE_SOURCES or RATES_FILE: until there is a rate, amounts in reais are not asked for',
    }
}

function sayingOf({ price, at }: Quote, middle: bigint | undefined, now: number): string {
  const age = `${formatDuration(Math.max(0, now - millis(at)))} old`
  if (middle === undefined) return `${formatReais(price)}, ${age}`
  const apart = price - middle
  const hundredths = ((apart < 0n ? -apart : apart) * 10_000n) / middle
  return `${formatReais(price)}, ${age}, ${hundredths / 100n}.${(hundredths % 100n).toString().padStart(2, '0')} % ${apart < 0n ? 'below' : 'above'} it`
}

/** Hints only hasten: without them the node is asked as often as BITCOIN_POLL_SECONDS says. */
async function* hints({ config }: Base, rail: ChainRail): AsyncGenerator<Check> {
  const url = config.BITCOIN_ZMQ_URL
  if (url === undefined) return
  const check = 'hints'
  const instead = `so the node is asked every ${config.BITCOIN_POLL_SECONDS} s instead`
  const { hintsAvailable } = await import('../../rails/bitcoin/hints.ts')
  if (!(await hintsAvailable()))
    return yield {
      check,
      is: 'warn',
      says: `the package zeromq is not installed, ${instead}`,
      run: 'npm install zeromq, or leave BITCOIN_ZMQ_URL out',
    }
  const answer = await rail.hints()
  if (answer.is !== 'done')
    return yield {
      check,
      is: 'warn',
      says: `${url} is listened to, and the node did not say what it publishes: ${answer.why}`,
    }
  // Behind a tunnel or in a container the node knows itself by another host.
  const port = portOf(url)
  const missing = ['hashblock', 'hashtx'].filter(
    type => !answer.value.some(word => word.startsWith(`${type} `) && portOf(word) === port),
  )
  if (missing.length === 0)
    return yield { check, is: 'ok', says: `${url} is listened to, and the node publishes there` }
  yield {
    check,
    is: 'warn',
    says: `the node does not publish ${missing.join(' and ')} at port ${port}, ${missing.length === 2 ? instead : 'so part of what happens is found by asking'}`,
    run: `start bitcoind with ${missing.map(type => `-zmqpub${type}=tcp://ADDRESS:${port}`).join(' ')}, or leave BITCOIN_ZMQ_URL out`,
  }
}

const portOf = (url: string): string | undefined => /:(\d+)$/.exec(url)?.[1]

const listOf = (unknown: readonly { address: string; path: string }[]): string =>
  (unknown.length === 1 ? 'address ' : 'addresses ') +
  unknown.map(({ address, path }) => `${address} (${path})`).join(' and ')
