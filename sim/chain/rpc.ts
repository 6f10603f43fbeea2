/**
 * JSON-RPC as Bitcoin Core speaks it: version 2.0 where the request says so, else its older dialect; alone or
 * in batches.
 */
import { inOrder, type Method } from './asked.ts'
import { nodeMethods, type NodeContext } from './nodeMethods.ts'
import { codes, RpcFault } from './refusal.ts'
import { txMethods } from './txMethods.ts'
import { walletMethods, type WalletContext } from './walletMethods.ts'

export type RpcContext = NodeContext & WalletContext

export interface RpcAnswer {
  status: number
  /** Empty where nobody waits for one. */
  body: string
}

const methods: Record<string, Method<RpcContext>> = { ...nodeMethods, ...txMethods, ...walletMethods }

/** `before` is called for each method by its name, and may throw an `RpcFault`. */
export function answerRpc(text: string, context: RpcContext, before: (method: string) => void): RpcAnswer {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    return {
      status: 500,
      body: line({ result: null, error: { code: codes.parse, message: 'Parse error' }, id: null }),
    }
  }
  if (Array.isArray(request)) {
    const answers = request
      .map(one => answerOne(one, context, before))
      .filter(({ body }) => body !== undefined)
    if (answers.length === 0 && request.length > 0) return { status: 204, body: '' }
    return { status: 200, body: line(answers.map(({ body }) => body)) }
  }
  const { status, body } = answerOne(request, context, before)
  return { status, body: body === undefined ? '' : line(body) }
}

/** The names of all methods a text asks for, for those who choose a fault by them. */
export function methodsOf(text: string): string[] {
  try {
    return [JSON.parse(text)]
      .flat()
      .map((request: unknown) => String((request as { method?: unknown } | null)?.method))
  } catch {
    return []
  }
}

const line = (answer: unknown): string => `${JSON.stringify(answer)}\n`

function answerOne(
  request: unknown,
  context: RpcContext,
  before: (method: string) => void,
): { status: number; body: object | undefined } {
  const fields =
    typeof request === 'object' && request !== null && !Array.isArray(request)
      ? (request as Record<string, unknown>)
      : undefined
  const isNew = fields?.['jsonrpc'] === '2.0'
  const id = fields?.['id'] ?? null
  try {
    if (!fields) throw new RpcFault(codes.invalidRequest, 'Invalid Request object')
    const result = call(fields, context, before) ?? null
    if (isNew && fields['id'] === undefined) return { status: 204, body: undefined }
    return { status: 200, body: isNew ? { jsonrpc: '2.0', result, id } : { result, error: null, id } }
  } catch (fault) {
    if (!(fault instanceof RpcFault)) throw fault
    const error = { code: fault.code, message: fault.message }
    if (isNew && fields?.['id'] === undefined) return { status: 204, body: undefined }
    if (isNew)
      return { status: error.code === codes.invalidRequest ? 400 : 200, body: { jsonrpc: '2.0', error, id } }
    const status = error.code === codes.methodNotFound ? 404 : error.code === codes.invalidRequest ? 400 : 500
    return { status, body: { result: null, error, id } }
  }
}

function call(
  fields: Record<string, unknown>,
  context: RpcContext,
  before: (method: string) => void,
): unknown {
  const { method: name, params } = fields
  if (name === undefined) throw new RpcFault(codes.invalidRequest, 'Missing method')
  if (typeof name !== 'string') throw new RpcFault(codes.invalidRequest, 'Method must be a string')
  if (params !== undefined && params !== null && typeof params !== 'object') {
    throw new RpcFault(codes.invalidRequest, 'Params must be an array or object')
  }
  before(name)
  const method = Object.hasOwn(methods, name) ? methods[name]! : undefined
  if (!method) throw new RpcFault(codes.methodNotFound, 'Method not found')
  return method.run(context, ...inOrder(name, method, params))
}
