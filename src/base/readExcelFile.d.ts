/** What is used of read-excel-file: its own types cannot say that a number is handed over as its text. */
declare module 'read-excel-file/universal' {
  export function readSheet(
    input: ArrayBuffer,
    sheet: number,
    options: { parseNumber: (text: string) => string },
  ): Promise<(string | boolean | Date | null)[][]>
}
