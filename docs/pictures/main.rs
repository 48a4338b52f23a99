//! Draws the book's pictures: `cargo run -p airlock-pictures` makes an SVG of each `*.pikchr` beside this file.
//!
//! The tests fail where an SVG is not what its source says.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use pikchr::{Pikchr, PikchrFlags};

/// What every picture begins with: measures, and a number for each colour.
const STYLE: &str = include_str!("style.pikchr");

/// What these colours are, in light and dark, and the fonts.
const CSS: &str = include_str!("style.css");

fn main() -> ExitCode {
    match draw_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // As it is: pikchr shows the line, and where in it.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn draw_all() -> Result<(), Box<dyn Error>> {
    for source in sources()? {
        fs::write(source.with_extension("svg"), draw(&source)?)?;
    }
    Ok(())
}

/// The pictures' sources, in order.
fn sources() -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder())?.map(|entry| Ok(entry?.path()));
    let mut sources = entries.collect::<io::Result<Vec<_>>>()?;
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "pikchr"));
    sources.retain(|path| !path.ends_with("style.pikchr"));
    sources.sort();
    Ok(sources)
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The SVG of a picture.
fn draw(path: &Path) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(path)?;
    let (Some(title), Some(description)) = (said(&source, "title"), said(&source, "desc")) else {
        return Err(format!("{}: begin with `# title: …` and `# desc: …`", path.display()).into());
    };
    let drawn = Pikchr::render(&format!("{STYLE}{source}"), None, PikchrFlags::default())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let (opening, shapes) = drawn.split_once(">\n").ok_or("pikchr has drawn nothing")?;
    let (_, size) =
        opening.split_once("style='font-size:initial;'").ok_or("pikchr gives no size")?;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\"{size}>\n\
         <title id=\"title\">{title}</title>\n\
         <desc id=\"desc\">{description}</desc>\n\
         <style>\n{CSS}</style>\n{}",
        coloured(shapes)
    ))
}

/// What a comment at the source's top says under this name.
fn said<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let mut comments = source.lines().map_while(|line| line.strip_prefix("# "));
    comments.find_map(|comment| comment.strip_prefix(name)?.strip_prefix(": "))
}

/// The shapes with the colours' names in place of their numbers, which is all that pikchr knows.
fn coloured(shapes: &str) -> String {
    let mut shapes = shapes.to_owned();
    for (name, number) in colours() {
        let rgb = format!("rgb(0,0,{number})");
        shapes = shapes
            .replace(&format!("fill=\"{rgb}\""), &format!("style=\"fill:var(--{name})\""))
            .replace(&rgb, &format!("var(--{name})"));
    }
    shapes
}

/// Each colour of the style, `name = 0x000007`.
fn colours() -> impl Iterator<Item = (&'static str, u32)> {
    STYLE.lines().filter_map(|line| {
        let (name, number) = line.split_once(" = 0x")?;
        Some((name, u32::from_str_radix(number, 16).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_what_its_source_says() -> Result<(), Box<dyn Error>> {
        let sources = sources()?;
        assert!(!sources.is_empty());
        for source in sources {
            let kept = fs::read_to_string(source.with_extension("svg")).unwrap_or_default();
            assert!(
                kept == draw(&source)?,
                "{} has changed: `cargo run -p airlock-pictures` draws it anew",
                source.display()
            );
        }
        Ok(())
    }

    #[test]
    fn each_colour_has_a_light_and_a_dark_value() {
        for (name, _) in colours() {
            assert_eq!(CSS.matches(&format!("--{name}: ")).count(), 2, "{name} in style.css");
        }
    }
}
