/**
 * Photos: what is handed in is what its bytes say, whatever it is called; it is kept without what is no
 * picture, or refused.
 */
import { createHash } from 'node:crypto'
import { BadInput } from '../base/answer.ts'
import { readJpeg, readPng, readWebp, type Picture } from './pictures.ts'

export interface Photo {
  mediaType: 'image/jpeg' | 'image/png' | 'image/webp'
  width: number
  height: number
  bytes: Uint8Array
}

/** A photo by its digest; what it holds never changes. */

export const maxPhotoBytes = 512 * 1024
/** Why a photo is not kept. */
export type PhotoFault = 'photo-too-large' | 'photo-of-other-size' | 'no-photo'

/** The message is the command line's; `fault` is what it found. */
export class BadPhoto extends BadInput {
  readonly fault: PhotoFault
  constructor(fault: PhotoFault, message: string) {
    super(message)
    this.fault = fault
  }
}

const minSide = 16
const maxSide = 8_000
/** A picture of few bytes can unpack to many: more than this a phone may not hold. */
const maxPixels = 24_000_000

/** Reads a JPEG, PNG or WebP; what is kept has no text, place or camera in it. Throws `BadPhoto`. */
export function readPhoto(bytes: Uint8Array): Photo & { digest: string } {
  if (bytes.length > maxPhotoBytes)
    throw new BadPhoto(
      'photo-too-large',
      `the photo has ${Math.ceil(bytes.length / 1024)} kB, and may have ${maxPhotoBytes / 1024}: save it smaller`,
    )
  const kind = kinds.find(({ starts }) => starts(bytes))
  if (!kind)
    throw new BadPhoto('no-photo', 'the photo is no JPEG, PNG or WebP by its bytes: save it as one of these')
  const picture = kind.read(bytes)
  if (!picture)
    throw new BadPhoto(
      'no-photo',
      `the photo begins like a ${kind.name} and is none, or has something behind its end: save it anew`,
    )
  const { width, height } = picture
  if (Math.min(width, height) < minSide || Math.max(width, height) > maxSide || width * height > maxPixels)
    throw new BadPhoto(
      'photo-of-other-size',
      `the photo is ${width} × ${height} pixels: expected ${minSide} to ${maxSide} a side, and at most ${maxPixels / 1e6} million in all`,
    )
  const digest = createHash('sha256').update(picture.bytes).digest('hex')
  return { digest, mediaType: kind.mediaType, width, height, bytes: picture.bytes }
}

interface Kind {
  name: string
  mediaType: Photo['mediaType']
  starts(bytes: Uint8Array): boolean
  read(bytes: Uint8Array): Picture | undefined
}

const latin = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', from, to)

const kinds: Kind[] = [
  {
    name: 'JPEG',
    mediaType: 'image/jpeg',
    starts: bytes => latin(bytes, 0, 3) === '\u00ff\u00d8\u00ff',
    read: readJpeg,
  },
  {
    name: 'PNG',
    mediaType: 'image/png',
    starts: bytes => latin(bytes, 0, 8) === '\u0089PNG\r\n\u001a\n',
    read: readPng,
  },
  {
    name: 'WebP',
    mediaType: 'image/webp',
    starts: bytes => latin(bytes, 0, 4) === 'RIFF' && latin(bytes, 8, 12) === 'WEBP',
    read: readWebp,
  },
]
