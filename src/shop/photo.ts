/**
 * Photos: what is handed in is what its bytes say, whatever it is called; it is kept without what is no
 * picture, or refused.
 */
import { createHash } from 'node:crypto'
import { readJpeg, readPng, readWebp, type Picture } from './pictures.ts'

export interface Photo {
  mediaType: 'image/jpeg' | 'image/png' | 'image/webp'
  width: number
  height: number
  bytes: Uint8Array
}

export const maxPhotoBytes = 512 * 1024
/** In pixels. */
export const [minPhotoSide, maxPhotoSide] = [16, 8_000]
/** A picture of few bytes can unpack to many: more than this a phone may not hold. */
export const maxPhotoPixels = 24_000_000
/** Why a photo is not kept. */
export type PhotoRefusal =
  | { is: 'photo-too-large'; bytes: number; maxBytes: number }
  /** By its bytes it is no JPEG, PNG or WebP. */
  | { is: 'photo-of-other-kind' }
  /** It begins like one and is none, or has something behind its end. */
  | { is: 'photo-broken'; kind: Kind['name'] }
  | { is: 'photo-of-other-size'; width: number; height: number }

/** Reads a JPEG, PNG or WebP; what is kept has no text, place or camera in it. */
export function readPhoto(bytes: Uint8Array): { is: 'photo'; photo: Photo; digest: string } | PhotoRefusal {
  if (bytes.length > maxPhotoBytes)
    return { is: 'photo-too-large', bytes: bytes.length, maxBytes: maxPhotoBytes }
  const kind = kinds.find(({ starts }) => starts(bytes))
  if (!kind) return { is: 'photo-of-other-kind' }
  const picture = kind.read(bytes)
  if (!picture) return { is: 'photo-broken', kind: kind.name }
  const { width, height, bytes: kept } = picture
  const [short, long] = [Math.min(width, height), Math.max(width, height)]
  if (short < minPhotoSide || long > maxPhotoSide || width * height > maxPhotoPixels)
    return { is: 'photo-of-other-size', width, height }
  const digest = createHash('sha256').update(kept).digest('hex')
  return { is: 'photo', photo: { mediaType: kind.mediaType, width, height, bytes: kept }, digest }
}

interface Kind {
  name: 'JPEG' | 'PNG' | 'WebP'
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
