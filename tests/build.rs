//! Makes documentation tests of the README's Rust blocks and of those in `docs/`.
//!
//! A block stands as it is, and `?` may be used in it. Where it needs a program around it, a comment
//! before it names that, `<!-- in tests/book/shop.rs -->`; the block takes the place of the line
//! `// the block` there. Readers see neither.
//!
//! The pages about requests are tests of `tests/web`, where the frameworks are; it uses this file too.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Lets a block that has no `main` use `?`.
const END: &str = "# Ok::<(), Box<dyn std::error::Error>>(())\n";

/// The pages that are tests of this package: the first is one, the others are folders.
type Pages = (&'static str, &'static [&'static str]);
const BOOK: Pages = ("README.md", &["docs", "docs/start", "docs/engines"]);
const WEB: Pages = ("docs/web.md", &["docs/web"]);

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let is_web = env::var("CARGO_PKG_NAME")? == "airlock-web-tests";
    let (root, (first, folders)) = if is_web { ("../..", WEB) } else { ("..", BOOK) };
    let root = Path::new(root).canonicalize()?;
    let mut modules = String::new();
    for page in pages(&root, first, folders)? {
        let path = page.strip_prefix(&root)?.with_extension("");
        let path = path.to_str().ok_or("a page's path is a text")?;
        let name = path.to_lowercase().replace(['/', '-'], "_");
        let tests = with_programs(&root, &fs::read_to_string(&page)?)?;
        fs::write(out.join(format!("{name}.md")), tests)?;
        writeln!(
            modules,
            "#[doc = include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.md\"))]\npub mod {name} {{}}"
        )?;
        println!("cargo::rerun-if-changed={}", page.display());
    }
    for folder in folders.iter().chain(&["tests/book", "tests/build.rs"]) {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
    }
    fs::write(out.join("pages.rs"), modules)?;
    Ok(())
}

fn pages(root: &Path, first: &str, folders: &[&str]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut pages = vec![root.join(first)];
    for folder in folders {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let elsewhere = path == root.join(WEB.0);
            if !elsewhere && path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// The page with what is around its blocks, as lines that rustdoc compiles and hides.
fn with_programs(root: &Path, page: &str) -> Result<String, Box<dyn Error>> {
    let mut tests = String::new();
    let mut program = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(named) =
            line.strip_prefix("<!-- in ").and_then(|rest| rest.strip_suffix(" -->"))
        {
            program = Some(fs::read_to_string(root.join(named))?);
            continue;
        }
        let Some(attributes) = line.strip_prefix("```rust") else {
            writeln!(tests, "{line}")?;
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        let alone = if program.is_some() { ",standalone_crate" } else { "" };
        let has_main = block.iter().any(|line| line.contains("fn main("));
        let (before, after) = match program.take() {
            Some(program) => split(&program)?,
            None if has_main || attributes.contains("compile_fail") => Default::default(),
            None => (String::new(), END.to_owned()),
        };
        let block = block.join("\n");
        write!(tests, "```rust{attributes}{alone}\n{before}{block}\n{after}```\n")?;
    }
    Ok(tests)
}

/// What is before and behind the block in its program, hidden.
fn split(program: &str) -> Result<(String, String), Box<dyn Error>> {
    let (before, after) =
        program.split_once("// the block\n").ok_or("a program has a line `// the block`")?;
    let hidden = |lines: &str| lines.lines().map(|line| format!("# {line}\n")).collect::<Vec<_>>();
    Ok((hidden(before).concat(), hidden(after).concat()))
}
