/**
 * Reads what a form sent, within limits: fields as text, files as bytes. What is too much is refused before
 * it is kept.
 */
import { Busboy } from '@fastify/busboy'
import getRawBody from 'raw-body'
import type { Context } from 'koa'

export interface Upload {
  /** As the sender names it: shown at most, never a path. */
  name: string
  bytes: Buffer
}

export interface Form {
  /** The field, trimmed; '' where it is missing. Control characters but line ends are dropped. */
  text(name: string): string
  /** Every value of a field that may come several times. */
  all(name: string): string[]
  /** Whether a box is ticked or a button was pressed. */
  has(name: string): boolean
  /** A file that was chosen; undefined where none was. */
  file(name: string): Upload | undefined
  /** All fields, to show a form again as it was filled in. */
  values(): Record<string, string>
}

export interface Limits {
  /** All text together, in bytes. */
  textBytes: number
  /** One file, in bytes; 0 where a form has none. */
  fileBytes: number
  fields: number
}
const usual: Limits = { textBytes: 64 * 1024, fileBytes: 0, fields: 200 }

/** Throws 413 on what is larger than `limits`, 415 on another type, 400 on what cannot be read. */
export async function readForm(ctx: Context, limits: Partial<Limits> = {}): Promise<Form> {
  const within = { ...usual, ...limits }
  if (ctx.is('application/x-www-form-urlencoded')) return formOf(await urlencoded(ctx, within), new Map())
  if (ctx.is('multipart/form-data') && within.fileBytes > 0) {
    const { fields, files } = await multipart(ctx, within)
    return formOf(fields, files)
  }
  return ctx.throw(415, 'not a form')
}

function formOf(fields: [string, string][], files: Map<string, Upload>): Form {
  const all = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => clean(value))
  return {
    all,
    text: name => (all(name)[0] ?? '').trim(),
    has: name => fields.some(([field]) => field === name),
    file: name => files.get(name),
    values: () => Object.fromEntries(fields.map(([name, value]) => [name, clean(value)])),
  }
}

// Of control characters a text may have line ends and tabs; a browser sends line ends as CR LF.
const clean = (text: string) =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll('\r\n', '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')

async function urlencoded(ctx: Context, { textBytes, fields }: Limits): Promise<[string, string][]> {
  let text: string
  try {
    text = await getRawBody(ctx.req, {
      limit: textBytes,
      length: ctx.request.length ?? null,
      encoding: 'utf-8',
    })
  } catch (error) {
    // What is left of the body is not read, so the connection cannot be used again.
    ctx.set('connection', 'close')
    return ctx.throw((error as { status?: number }).status === 413 ? 413 : 400, 'the form could not be read')
  }
  const pairs = [...new URLSearchParams(text)]
  if (pairs.length > fields) ctx.throw(413, 'too many fields')
  return pairs
}

function multipart(
  ctx: Context,
  limits: Limits,
): Promise<{ fields: [string, string][]; files: Map<string, Upload> }> {
  return new Promise((resolve, reject) => {
    const fields: [string, string][] = []
    const files = new Map<string, Upload>()
    let textBytes = 0
    let over = false
    const fail = (status: number, why: string) => {
      if (over) return
      over = true
      ctx.req.unpipe(reader)
      ctx.req.resume()
      ctx.set('connection', 'close')
      reject(Object.assign(new Error(why), { status, expose: true }))
    }
    let reader: InstanceType<typeof Busboy>
    try {
      reader = new Busboy({
        headers: ctx.req.headers as { 'content-type': string },
        limits: {
          fieldSize: limits.textBytes,
          fields: limits.fields,
          files: 4,
          fileSize: limits.fileBytes,
          parts: limits.fields + 4,
          headerPairs: 20,
        },
      })
    } catch {
      return reject(Object.assign(new Error('the form could not be read'), { status: 400, expose: true }))
    }
    reader.on('field', (name, value, _, valueTruncated) => {
      textBytes += Buffer.byteLength(value)
      if (valueTruncated || textBytes > limits.textBytes) return fail(413, 'the form is too large')
      fields.push([name, value])
    })
    reader.on('file', (name, stream, fileName) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('limit', () => fail(413, 'the file is too large'))
      stream.on('error', () => fail(400, 'the form could not be read'))
      stream.on('end', () => {
        const bytes = Buffer.concat(parts)
        // A browser sends an empty file where none was chosen.
        if (bytes.length > 0) files.set(name, { name: (fileName ?? '').slice(-100), bytes })
      })
    })
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
      reader.on(limit, () => fail(413, 'too many fields'))
    reader.on('error', () => fail(400, 'the form could not be read'))
    reader.on('finish', () => {
      if (!over) resolve({ fields, files })
      over = true
    })
    // A sender that leaves in the middle never finishes the form.
    ctx.req.on('aborted', () => fail(400, 'the form was cut off'))
    ctx.req.pipe(reader)
  })
}
