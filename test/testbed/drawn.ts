/**
 * Photos of products for the tests and the screenshots: drawn, and taken by the browser, so they are pictures
 * of its own making.
 */
import type { Browser } from 'playwright-core'

const drawings = {
  coffee: `<rect width="640" height="480" fill="#e9d9c3"/><ellipse cx="320" cy="420" rx="190" ry="22" fill="#cdb896"/>
    <path d="M210 130h220l18 280a14 14 0 0 1-14 14H206a14 14 0 0 1-14-14z" fill="#5b3a26"/><path d="M210 130l22-46h176l22 46z" fill="#74492f"/>
    <rect x="232" y="210" width="176" height="120" rx="10" fill="#f6ead8"/><path d="M320 232c-30 14-30 62 0 76c30-14 30-62 0-76z" fill="#5b3a26"/>
    <path d="M320 236c10 22-10 46 0 68" stroke="#f6ead8" stroke-width="5" fill="none"/>`,
  mug: `<rect width="640" height="480" fill="#cfe3df"/><ellipse cx="310" cy="404" rx="180" ry="20" fill="#a9c9c2"/>
    <path d="M200 150h210v200a44 44 0 0 1-44 44H244a44 44 0 0 1-44-44z" fill="#f8f6f0"/><path d="M410 200h34a50 50 0 0 1 0 112h-34" fill="none" stroke="#f8f6f0" stroke-width="26"/>
    <ellipse cx="305" cy="150" rx="105" ry="20" fill="#1d3a35"/><rect x="200" y="162" width="210" height="10" fill="#0b5d4e"/>`,
  notebook: `<rect width="640" height="480" fill="#f1dfd8"/><rect x="196" y="70" width="270" height="352" rx="12" fill="#8d2f23"/>
    <rect x="212" y="70" width="14" height="352" fill="#6d231a"/><rect x="260" y="130" width="160" height="64" rx="6" fill="#f6ead8"/>
    <path d="M280 152h120M280 172h80" stroke="#6d231a" stroke-width="6"/><rect x="430" y="70" width="10" height="352" fill="#f0c062"/>`,
  hammock: `<rect width="640" height="480" fill="#dfe7f2"/><rect x="70" y="60" width="26" height="380" rx="8" fill="#7a5a3c"/><rect x="544" y="60" width="26" height="380" rx="8" fill="#7a5a3c"/>
    <path d="M96 130Q320 470 544 130L544 150Q320 330 96 150z" fill="#d9822b"/><path d="M120 180Q320 410 520 180" stroke="#fff3d6" stroke-width="12" fill="none"/>
    <path d="M150 232Q320 400 490 232" stroke="#0b5d4e" stroke-width="8" fill="none"/>`,
}
export type Drawing = keyof typeof drawings

// A page of its own, with a process for it, for each story that sells the same mug.
const taken = new WeakMap<Browser, Map<Drawing, Promise<Buffer>>>()

/** A photo of 640 by 480 points: some 10 to 20 kB. Each is taken once with a browser. */
export function photograph(browser: Browser, what: Drawing): Promise<Buffer> {
  const photos = taken.get(browser) ?? new Map<Drawing, Promise<Buffer>>()
  taken.set(browser, photos)
  const photo = photos.get(what) ?? takePhoto(browser, what)
  photos.set(what, photo)
  return photo
}

async function takePhoto(browser: Browser, what: Drawing): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } })
  try {
    await page.setContent(
      `<style>body{margin:0}</style><svg width="640" height="480" style="display:block" xmlns="http://www.w3.org/2000/svg">${drawings[what]}</svg>`,
    )
    return await page.screenshot({ type: 'jpeg', quality: 80 })
  } finally {
    await page.close()
  }
}
