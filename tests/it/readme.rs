//! The README and the book: what they quote is what is there, and what they link to exists.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

#[track_caller]
fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page that people read: those beside the README, and the book.
fn pages() -> Vec<PathBuf> {
    let mut pages = entries(&root());
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        let entries = entries(&folder);
        folders.extend(entries.iter().filter(|entry| entry.is_dir()).cloned());
        pages.extend(entries);
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it can be read").path()).collect()
}

/// The text without its blocks of code.
fn prose(page: &str) -> String {
    let mut code = false;
    let outside = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        code ^= fence;
        !code && !fence
    });
    outside.collect::<Vec<_>>().join("\n")
}

/// Each link's text and target.
fn links(page: &str) -> Vec<(String, String)> {
    let prose = prose(page);
    let mut links = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let text = prose[..at].rsplit('[').next().expect("a split gives something");
        let target = prose[at + 2..].split(')').next().expect("a split gives something");
        links.push((text.to_owned(), target.to_owned()));
    }
    links
}

/// GitHub's name for a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// What stands under a heading, down to the next one.
fn section(page: &str, name: &str) -> String {
    let prose = prose(page);
    let named =
        |line: &&str| line.starts_with('#') && anchor(line.trim_start_matches('#').trim()) == name;
    let below = prose.lines().skip_while(|line| !named(line)).skip(1);
    below.take_while(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

fn has_heading(page: &str, name: &str) -> bool {
    let prose = prose(page);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).any(|found| found == name)
}

#[test]
fn the_readme_shows_the_domain_code_word_for_word() {
    let domain = read(root().join("examples/src/bin/orders/domain.rs"));
    assert!(read(root().join("README.md")).contains(&format!("```rust\n{domain}```\n")));
}

#[test]
fn the_page_about_policies_shows_a_real_message() {
    let page = read(root().join("docs/start/whether.md"));
    let start = page.find("error[E").expect("it shows one");
    let (shown, _) = page[start..].split_once("\n```").expect("a block of code ends");
    let recorded = read(root().join("ui-tests/ui/block_tasks/unknown.stderr"));
    assert!(recorded.contains(shown), "{shown}\n\nis not in\n\n{recorded}");
}

#[test]
fn the_readmes_tables_name_lines_that_enqueue() {
    let readme = read(root().join("README.md"));
    let domain = read(root().join("examples/src/bin/orders/domain.rs"));
    let lines: Vec<_> = domain.lines().collect();
    let mut named = 0;
    for (at, place) in readme.match_indices("domain.rs:") {
        let number = readme[at + place.len()..].split_whitespace().next().expect("a number");
        let number: usize = number.parse().expect("a number");
        assert!(lines[number - 1].contains("::enqueue("), "line {number}: {}", lines[number - 1]);
        named += 1;
    }
    assert!(named > 0, "it shows a table");
}

#[test]
fn every_page_of_the_book_is_once_in_its_table_of_contents() {
    let docs = root().join("docs");
    let contents = links(&read(docs.join("SUMMARY.md")));
    for page in &pages() {
        let Ok(page) = page.strip_prefix(&docs) else { continue };
        let name = page.to_str().expect("a text");
        let listed = contents.iter().filter(|(_, target)| target == name).count();
        assert_eq!(listed, usize::from(name != "SUMMARY.md"), "{name} in docs/SUMMARY.md");
    }
}

#[test]
fn the_newcomers_path_comes_first_and_takes_ten_minutes() {
    let docs = root().join("docs");
    let contents = links(&read(docs.join("SUMMARY.md")));
    let path: Vec<_> = contents[1..5].iter().map(|(_, target)| target.as_str()).collect();
    assert!(path.iter().all(|page| page.starts_with("start/")), "{path:?}");
    let words: usize =
        path.iter().map(|page| read(docs.join(page)).split_whitespace().count()).sum();
    assert!(words < 2_200, "{words} words, code included: at 220 a minute that is too long");
}

#[test]
fn each_word_of_the_glossary_is_defined_once_and_where_it_says() {
    let docs = root().join("docs");
    let book: Vec<_> = pages().into_iter().filter(|page| page.starts_with(&docs)).collect();
    let mut words = 0;
    for (word, target) in links(&read(docs.join("glossary.md"))) {
        let definition = format!("**{word}**");
        let definitions = |page: &PathBuf| read(page).to_lowercase().matches(&definition).count();
        assert_eq!(book.iter().map(definitions).sum::<usize>(), 1, "definitions of {word}");
        let (page, heading) = target.split_once('#').expect("a section of a page");
        let section = section(&read(docs.join(page)), heading).to_lowercase();
        assert!(section.contains(&definition), "{target} does not define {word}");
        words += 1;
    }
    assert!(words > 25, "only {words} words");
}

#[test]
fn the_book_and_its_pages_name_one_address_of_the_repository() {
    let book = read(root().join("docs/book.toml"));
    let (_, address) = book.split_once("git-repository-url = \"").expect("it has one");
    let (address, _) = address.split_once('"').expect("a text ends");
    assert!(book.contains(&format!("edit-url-template = \"{address}/blob/main/docs/{{path}}\"")));
    let mut named = 0;
    for page in pages() {
        let text = read(&page);
        for (at, before) in text.match_indices("git = \"") {
            assert!(
                text[at + before.len()..].starts_with(&format!("{address}\"")),
                "{}",
                page.display()
            );
            named += 1;
        }
    }
    assert!(named > 5, "only {named} were found");
}

#[test]
fn programs_that_pages_run_are_there() {
    let programs = root().join("examples/src/bin");
    let mut run = 0;
    for page in pages() {
        let text = read(&page);
        for (at, command) in text.match_indices("cargo run ") {
            let line = text[at + command.len()..].lines().next().expect("it has a name");
            let mut words = line.split_whitespace().skip_while(|word| *word != "--bin");
            let Some(name) = words.nth(1) else { continue };
            let name = name.trim_end_matches(['`', '.', ',', ';']);
            let found =
                programs.join(name).exists() || programs.join(format!("{name}.rs")).exists();
            assert!(found, "{}: there is no `{name}`", page.display());
            run += 1;
        }
    }
    assert!(run > 5, "only {run} were found");
}

#[test]
fn pictures_say_what_they_show() {
    for page in pages() {
        for (text, target) in links(&read(&page)) {
            let shown = target.contains("pictures/");
            assert!(!shown || text.split_whitespace().count() > 8, "{}: {target}", page.display());
        }
    }
}

#[test]
fn relative_links_lead_somewhere() {
    let (mut followed, mut dead) = (0, Vec::new());
    for page in pages() {
        for (_, target) in links(&read(&page)) {
            if target.contains("://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.with_file_name(path) };
            if !file.exists() || !heading.is_empty() && !has_heading(&read(&file), heading) {
                dead.push(format!("{}: {target}", page.display()));
            }
            followed += 1;
        }
    }
    assert!(followed > 50, "only {followed} links were found");
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// A link on a name in the code leads to a file that has the name: tests that are renamed, and items
/// that move, are noticed here.
#[test]
fn names_are_in_the_files_they_link_to() {
    let mut looked_up = 0;
    for page in pages() {
        for (text, target) in links(&read(&page)) {
            let named = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
            let Some(name) =
                named.filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
            else {
                continue;
            };
            let file = page.with_file_name(&target);
            if file.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            // A module's name is that of its file, or of a folder.
            let code = read(&file);
            let module = file.with_extension("").iter().any(|part| part == name);
            let item = ["fn ", "struct ", "enum ", "trait ", "type "];
            let found = module || item.iter().any(|item| defines(&code, &format!("{item}{name}")));
            assert!(found, "{}: {target} has no `{name}`", page.display());
            looked_up += 1;
        }
    }
    assert!(looked_up > 50, "only {looked_up} names were found");
}

fn defines(code: &str, item: &str) -> bool {
    code.match_indices(item).any(|(at, _)| {
        code[at + item.len()..].starts_with(|next: char| !next.is_alphanumeric() && next != '_')
    })
}

/// rustdoc takes a block without a language for Rust, and shows the hidden lines that others show.
#[test]
fn every_block_names_its_language_and_hides_nothing() {
    for page in pages() {
        let (mut inside, mut rust) = (false, false);
        for line in read(&page).lines() {
            if line.starts_with("```") {
                assert!(inside || line.len() > 3, "{}: a block without a language", page.display());
                inside = !inside;
                rust = line.starts_with("```rust");
            } else {
                assert!(!(inside && rust && line.starts_with("# ")), "{}: {line}", page.display());
            }
        }
    }
}
