// Everything works without this file. With it one can drag over the bars of a picture to narrow the
// days. There is nothing else in it.

for (const figure of document.querySelectorAll(".volume-figure")) {
  const picture = figure.querySelector("svg.volume");
  const bars = picture ? [...picture.querySelectorAll("a[data-from]")] : [];
  if (!bars.length) continue;
  figure.classList.add("can-drag");
  let from = -1;
  let dragged = false;

  const barAt = (event) => {
    const box = picture.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
    return Math.min(bars.length - 1, Math.max(0, place));
  };
  const choose = (to) => {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    bars.forEach((bar, at) => bar.classList.toggle("chosen", at >= first && at <= last));
    return [first, last];
  };
  const stop = () => {
    from = -1;
    bars.forEach((bar) => bar.classList.remove("chosen"));
  };

  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = barAt(event);
    dragged = false;
  });
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  window.addEventListener("pointermove", (event) => {
    if (from < 0) return;
    const to = barAt(event);
    if (to !== from) dragged = true;
    if (dragged) choose(to);
  });
  window.addEventListener("pointerup", (event) => {
    if (from < 0) return;
    const [first, last] = choose(barAt(event));
    const wanted = dragged;
    stop();
    if (!wanted) return;
    const target = new URL(figure.dataset.narrow, window.location.href);
    target.searchParams.set("since", bars[first].dataset.from);
    target.searchParams.set("until", bars[last].dataset.to);
    window.location.assign(target);
  });
  window.addEventListener("pointercancel", stop);
  picture.addEventListener("click", (event) => {
    if (dragged) event.preventDefault();
  });
}
