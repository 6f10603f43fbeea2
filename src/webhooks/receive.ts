/**
 * The receiver: proves the raw bytes, writes them down, answers. Nothing else happens there, so a
 * parser's fault never loses an event.
 */
import { createHash } from 'node:crypto'
import Router from '@koa/router'
import type { Context } from 'koa'
import getRawBody from 'raw-body'
import type { World } from '../base/world.ts'
import type { Rail } from '../rails/rail.ts'
import { DbUnavailable } from '../db/db.ts'
import type { Inbox } from './inbox.ts'

const maxBytes = 64 * 1024

/**
 * `POST /webhooks/starkbank`: 200 after commit, 401 forged, 413 too large, 503 when it cannot store or cannot
 * know.
 */
export function receiver(
  rail: Rail,
  inbox: Inbox,
  { log }: Pick<World, 'log'>,
  mayTake: () => boolean = () => true,
): Router {
  // The path to the letter: what nginx, a firewall or a log calls by another name is another path.
  const router = new Router({ strict: true, sensitive: true })
  router.post(`/webhooks/${rail.name}`, async ctx => {
    if (!mayTake()) return answer(ctx, 503, 'full')
    const raw = await bodyOf(ctx)
    if (raw === undefined) return

    const signatures = ctx.req.headersDistinct['digital-signature'] ?? []
    const verdict = await rail.verify(raw, signatures)
    if (verdict.is === 'forged') {
      log.warn({ why: verdict.why, bytes: raw.length }, 'an event was refused')
      return answer(ctx, 401, 'signature')
    }
    if (verdict.is === 'unknown') {
      log.error({ why: verdict.why }, 'an event could not be judged')
      return answer(ctx, 503, 'no key')
    }

    try {
      const kept = await inbox.keep({
        rail: rail.name,
        eventId: eventIdOf(raw),
        raw,
        via: 'push',
        signature: signatures[0]!,
        keyId: verdict.keyId,
      })
      if (kept === 'conflict')
        log.error({ rail: rail.name }, 'an event id came again with another body: both are kept')
      answer(ctx, 200, 'ok')
    } catch (error) {
      log.error(
        { why: error instanceof DbUnavailable ? error.message : 'the store failed' },
        'an event could not be kept',
      )
      answer(ctx, 503, 'not stored')
    }
  })
  return router
}

/**
 * The id to keep proven bytes under. Genuine bytes that bear no event id are kept under their digest: what
 * the bank signs is not thrown away.
 */
function eventIdOf(raw: Buffer): string {
  try {
    const id: unknown = (JSON.parse(raw.toString('utf8')) as { event?: { id?: unknown } } | null)?.event?.id
    if (typeof id === 'string' && /^[\w-]{1,64}$/.test(id)) return id
  } catch {
    // Not JSON: kept under the digest, read by a person.
  }
  return `sha256-${createHash('sha256').update(raw).digest('hex').slice(0, 40)}`
}

async function bodyOf(ctx: Context): Promise<Buffer | undefined> {
  try {
    return await getRawBody(ctx.req, { limit: maxBytes, length: ctx.request.length ?? null })
  } catch (error) {
    const status = (error as { status?: number }).status ?? 400
    answer(ctx, status === 413 ? 413 : 400, status === 413 ? 'too large' : 'body')
    // What is left of the body is not read, so the connection cannot be used again.
    ctx.set('connection', 'close')
    return undefined
  }
}

/** Constant text: no stack, no version, nothing of the request. */
function answer(ctx: Context, status: number, body: string): void {
  ctx.status = status
  ctx.type = 'text/plain'
  ctx.body = body
}
