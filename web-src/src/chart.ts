// The pointer over a line chart: the nearest value and its time. The chart itself comes from the server.

interface Point {
  x: number;
  y: number;
  label: string;
}

const SVG = "http://www.w3.org/2000/svg";

function points(chart: SVGSVGElement): Point[] {
  const block = chart.parentElement?.querySelector(`script[data-points="${chart.dataset.points}"]`);
  if (!block?.textContent) return [];
  return (JSON.parse(block.textContent) as [number, number, string][]).map(([x, y, label]) => ({ x, y, label }));
}

function nearest(all: Point[], x: number): Point | undefined {
  let best: Point | undefined;
  for (const point of all) if (!best || Math.abs(point.x - x) < Math.abs(best.x - x)) best = point;
  return best;
}

function watch(chart: SVGSVGElement): void {
  let all: Point[] | undefined;
  const box = chart.viewBox.baseVal;
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "pointer");
  group.innerHTML = '<path class="guide"/><circle r="3.5"/><text class="strong halo" y="12"></text>';
  const [line, dot, text] = [...group.children] as [SVGPathElement, SVGCircleElement, SVGTextElement];
  chart.addEventListener("pointermove", (event) => {
    all ??= points(chart);
    const frame = chart.getBoundingClientRect();
    const point = nearest(all, ((event.clientX - frame.left) / frame.width) * box.width);
    if (!point) return;
    line.setAttribute("d", `M${point.x} 16V${chart.dataset.bottom}`);
    dot.setAttribute("cx", String(point.x));
    dot.setAttribute("cy", String(point.y));
    text.textContent = point.label;
    const side = point.x < box.width * 0.25 ? "start" : point.x > box.width * 0.75 ? "end" : "middle";
    text.setAttribute("text-anchor", side);
    text.setAttribute("x", String(point.x));
    chart.append(group);
  });
  chart.addEventListener("pointerleave", () => group.remove());
}

export function startCharts(root: ParentNode = document): void {
  for (const chart of root.querySelectorAll<SVGSVGElement>("svg.chart[data-points]")) watch(chart);
}
