// Runs before the first paint: the server knows a chosen theme, only the browser knows the system's.
(() => {
  const root = document.documentElement;
  root.dataset.script = "starting"; // what is only for browsers without script goes before it is drawn
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const forced = new URLSearchParams(location.search).get("theme");
  const choice = () => forced || root.dataset.theme || "system";
  const apply = () => {
    root.dataset.bsTheme = choice() === "system" ? (dark.matches ? "dark" : "light") : choice();
  };
  apply();
  dark.addEventListener("change", apply);
  root.addEventListener("pz:theme", apply);
})();
