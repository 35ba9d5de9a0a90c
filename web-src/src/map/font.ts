// The map draws its own letters with the page's font, which the browser loads only in the parts that are asked for
export async function loadFont(text: string): Promise<void> {
  const letters = [...new Set(text)].join("");
  if (!letters) return;
  const wanted = ['400 24px "Pretendard Variable"', '600 24px "Pretendard Variable"'];
  await Promise.allSettled(wanted.map((font) => document.fonts.load(font, letters)));
}
