// Put into a page before its own scripts: the bar at the foot is gone after a while, what it said is
// kept in `window.notices`.
module.exports = () => {
  window.notices = [];
  document.addEventListener("DOMContentLoaded", () => {
    const bar = document.querySelector("#notice");
    new MutationObserver(() => {
      if (!bar.hidden) window.notices.push(bar.textContent);
    }).observe(bar, { attributes: true, attributeFilter: ["hidden"] });
  });
};
