// "3분 전": the ages on a page that stays open. The same steps as Reader.age in web/i18n.py.

import { t } from "./data";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS_MAX = 30;

export function age(moment: number, now = Date.now()): string | null {
  const past = Math.max(0, now - moment);
  const count = (unit: number) => Math.floor(past / unit);
  let words: string;
  if (past < MINUTE) words = t("age.now");
  else if (past < HOUR) words = t("age.minutes", { count: count(MINUTE) });
  else if (past < DAY) words = t("age.hours", { count: count(HOUR) });
  else if (past < DAYS_MAX * DAY) words = count(DAY) === 1 ? t("age.day") : t("age.days", { count: count(DAY) });
  else return null;
  return words.replaceAll(" ", "\u00a0");
}

export function refreshAges(root: ParentNode = document): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const words = age(Date.parse(element.dateTime));
    if (words !== null && element.textContent !== words) element.textContent = words;
  }
}
