/**
 * The levers under `/sim/`, which a real node has not: mining, storms and the payer, for a hand at the
 * command line.
 */
import type { Chain } from './chain.ts'
import { RpcFault } from './refusal.ts'
import {
  chainFaults,
  noChainFaults,
  type ChainFault,
  type ChainFaults,
  type ChainSettings,
} from './settings.ts'

type Fields = Record<string, unknown>

/** `path` is what follows `/sim/`; the body is JSON or empty. */
export function control(
  chain: Chain,
  method: string,
  path: string,
  body: string,
): { status: number; answer: object } {
  try {
    const fields = body.trim() === '' ? {} : (JSON.parse(body) as Fields)
    const answer = act(chain, `${method} ${path}`, fields)
    return answer
      ? { status: 200, answer }
      : { status: 404, answer: { error: `there is no ${method} /sim/${path}` } }
  } catch (error) {
    if (error instanceof RpcFault || error instanceof SyntaxError || error instanceof RangeError) {
      return { status: 400, answer: { error: error.message } }
    }
    throw error
  }
}

function act(chain: Chain, verb: string, fields: Fields): object | undefined {
  const count = (name: string, otherwise: number) => whole(fields[name] ?? otherwise, name)
  const txid = () => text(fields['txid'], 'txid')
  const txids = (name: string) => (fields[name] ?? []) as string[]
  switch (verb) {
    case 'GET state':
      return {
        height: chain.height(),
        tip: chain.tip(),
        mempool: chain.mempool(),
        payer: String(chain.payer.balance()),
      }
    case 'POST mine':
      return { blocks: chain.mine(count('blocks', 1), { without: txids('without') }) }
    case 'POST reorg':
      return chain.reorg(count('depth', 1), {
        leaveOut: txids('leaveOut'),
        forget: txids('forget'),
        doubleSpend: txids('doubleSpend'),
      })
    case 'POST pay':
      return {
        txid: chain.payer.pay(
          text(fields['address'], 'address'),
          BigInt(whole(fields['units'], 'units')),
          rate(fields),
        ),
      }
    case 'POST bump':
      return { txid: chain.payer.bump(txid(), rate(fields).feeRate) }
    case 'POST take-back':
      return { txid: chain.payer.takeBack(txid(), rate(fields).feeRate) }
    case 'POST double-spend':
      return { txid: chain.doubleSpend(txid()) }
    case 'POST evict':
      return { gone: chain.evict(txid()) }
    case 'POST down':
      return (chain.goDown(), {})
    case 'POST up':
      return (
        chain.goUp({ warmupMs: count('warmupMs', 0), forgetMempool: fields['forgetMempool'] === true }), {}
      )
    case 'POST lag':
      return (chain.lag(count('blocks', 0)), { height: chain.height() })
    case 'POST settings':
      return (chain.setSettings(settingsOf(fields)), {})
    case 'POST faults':
      return (chain.setFaults(known<ChainFaults>(fields, noChainFaults)), chain.faults)
    case 'POST fail-next': {
      const fault = text(fields['fault'], 'fault')
      if (!(chainFaults as readonly string[]).includes(fault))
        throw new RangeError(`fault must be one of ${chainFaults.join(', ')}, not ${fault}`)
      return (chain.failNext(fault as ChainFault, (fields['only'] ?? '') as string, count('times', 1)), {})
    }
    default:
      return undefined
  }
}

function rate(fields: Fields): { feeRate?: bigint; replaceable?: boolean } {
  return {
    ...(fields['feeRate'] !== undefined && { feeRate: BigInt(whole(fields['feeRate'], 'feeRate')) }),
    ...(fields['replaceable'] !== undefined && { replaceable: fields['replaceable'] === true }),
  }
}

/** A misspelt switch would quietly test nothing, so an unknown name is refused. */
function known<T extends object>(fields: Fields, model: T): Partial<T> {
  for (const name in fields)
    if (!(name in model)) throw new RangeError(`${name} is not one of ${Object.keys(model).join(', ')}`)
  return fields as Partial<T>
}

/** Those that may change while it runs; rates come as numbers of JSON. */
function settingsOf(fields: Fields): Partial<ChainSettings> {
  const model = {
    network: 0,
    feeRate: 0,
    mempoolMinimum: 0,
    fullRbf: 0,
    prunedBelow: 0,
    txindex: 0,
    answerMs: 0,
  }
  const given: Fields = { ...known(fields, model) }
  for (const name of ['feeRate', 'mempoolMinimum'])
    if (given[name] !== undefined) given[name] = BigInt(whole(given[name], name))
  return given as Partial<ChainSettings>
}

function whole(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new RangeError(`${name} must be an integer, 0 or more, not ${String(value)}`)
  return value as number
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new RangeError(`${name} must be text`)
  return value
}
