// Pages link to the sources beside `docs/`, which are not in the book. On a forge these links are right as they
// are; in the book each leads to the same file on the forge, found from the page's own address there: the edit link.
(() => {
  const page = document.querySelector('a[rel="edit"]')?.href;
  if (!page) return;
  const docs = new URL(path_to_root || ".", page).href;
  for (const link of document.querySelectorAll("main a[href]")) {
    const target = new URL(link.getAttribute("href"), page);
    if (target.origin !== new URL(page).origin || target.href.startsWith(docs)) continue;
    // mdBook has made `.html` of `.md`.
    target.pathname = target.pathname.replace(/\.html$/, ".md");
    link.href = target.href;
  }
})();
