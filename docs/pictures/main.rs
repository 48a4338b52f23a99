//! Draws the book's pictures: `cargo run -p airlock-pictures` makes an SVG of each `*.pikchr` beside this file, and one of
//! the counted instructions.
//!
//! The tests fail where an SVG is not what its source says.

mod cost;

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
    for Picture { path, source } in pictures()? {
        fs::write(&path, draw(&path, &source)?)?;
    }
    Ok(())
}

/// A picture: where it is kept, and what it is drawn from.
struct Picture {
    path: PathBuf,
    source: String,
}

fn pictures() -> Result<Vec<Picture>, Box<dyn Error>> {
    let mut pictures = Vec::new();
    for path in sources()? {
        let source = fs::read_to_string(&path)?;
        pictures.push(Picture { path: path.with_extension("svg"), source });
    }
    let counts = folder().join("../../airlock/benches/instructions.json");
    pictures.push(Picture { path: folder().join("cost.svg"), source: cost::source(&counts)? });
    Ok(pictures)
}

/// The files that pictures are drawn from, in order.
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
fn draw(path: &Path, source: &str) -> Result<String, Box<dyn Error>> {
    let (Some(title), Some(description)) = (said(source, "title"), said(source, "desc")) else {
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
        let pictures = pictures()?;
        assert!(pictures.len() > 1);
        for Picture { path, source } in pictures {
            let kept = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == draw(&path, &source)?,
                "{} is not what its source says: `cargo run -p airlock-pictures` draws it anew",
                path.display()
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
