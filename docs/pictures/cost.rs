//! The picture of what an intent costs, by their number: a plot of the committed counts of instructions.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Said of the picture, for who can't see it.
const SAID: &str = "\
# title: What an intent costs, by how many there are
# desc: Instructions of each intent, of 1 to 100,000 in one scope. One costs as much as a closure in a list, and twice \
as much under a policy. Of ten to a thousand each costs less than the closure, with or without a policy. From 10,000 on \
each costs more: what is beyond the pool of boxes is allocated, as a closure is.
";

/// How many intents, each a case of the benchmark.
const NUMBERS: [u32; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

/// Where the axes are in the page, and how long, in pixels.
const LEFT: f64 = 80.0;
const TOP: f64 = 62.0;
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;

/// The most instructions that the vertical axis has room for.
const MOST: f64 = 1_200.0;

/// A line of the plot: whose it is, its case, its side, its colour, and where its name stands beside its end.
struct Curve {
    name: &'static str,
    case: &'static str,
    side: &'static str,
    colour: &'static str,
}

const CURVES: [Curve; 3] = [
    Curve { name: "closures by hand", case: "u64s", side: "by_hand", colour: "soft" },
    Curve { name: "airlock", case: "u64s", side: "airlock", colour: "executor" },
    Curve { name: "airlock, a policy", case: "judged", side: "airlock", colour: "policy" },
];

/// The picture's source, from the counts at `path`.
pub(crate) fn source(path: &Path) -> Result<String, Box<dyn Error>> {
    let counts: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut source = format!("{SAID}\nPage: page(440px)\n");
    axes(&mut source)?;
    for curve in &CURVES {
        draw(&mut source, &counts, curve)?;
    }
    Ok(source)
}

fn axes(source: &mut String) -> Result<(), Box<dyn Error>> {
    writeln!(
        source,
        "left_head(\"instructions of each intent\",ink) at {}",
        place(LEFT - 58.0, TOP - 30.0)
    )?;
    for hundreds in (0..=12_u32).step_by(2) {
        let instructions = f64::from(hundreds) * 100.0;
        let y = height(instructions);
        let (from, to) = (place(LEFT, y), place(LEFT + WIDTH, y));
        writeln!(source, "line from {from} to {to} color edge thin")?;
        writeln!(source, "note(\"{instructions}\",soft) at {}", place(LEFT - 28.0, y))?;
    }
    for number in NUMBERS {
        writeln!(
            source,
            "note(\"{number}\",soft) at {}",
            place(across(number), TOP + HEIGHT + 22.0)
        )?;
    }
    writeln!(
        source,
        "note(\"intents in one scope\",ink) at {}",
        place(LEFT + WIDTH / 2.0, TOP + HEIGHT + 48.0)
    )?;
    Ok(())
}

fn draw(source: &mut String, counts: &Value, curve: &Curve) -> Result<(), Box<dyn Error>> {
    let Curve { name, colour, .. } = curve;
    let mut points = Vec::new();
    for number in NUMBERS {
        points.push(place(across(number), height(cost(counts, curve, number)?)));
    }
    writeln!(source, "line from {} thick color {colour}", points.join(" to "))?;
    for point in &points {
        writeln!(source, "circle rad 3px fill {colour} color {colour} at {point}")?;
    }
    let end = cost(counts, curve, NUMBERS[NUMBERS.len() - 1])?;
    writeln!(
        source,
        "left_fate(\"{name}\",{colour}) at {}",
        place(LEFT + WIDTH + 12.0, height(end))
    )?;
    Ok(())
}

/// Instructions of each intent of so many.
fn cost(counts: &Value, curve: &Curve, number: u32) -> Result<f64, Box<dyn Error>> {
    let case = format!("{}_{number}", curve.case);
    let count = counts["cases"][&case][curve.side].as_f64();
    let count = count.ok_or_else(|| format!("no count of {case}: `.ci/instructions --commit`"))?;
    let each = count / f64::from(number);
    if each > MOST {
        return Err(
            format!("{case} takes {each:.0} instructions, and the axis ends at {MOST}").into()
        );
    }
    Ok(each)
}

fn across(number: u32) -> f64 {
    let last = NUMBERS[NUMBERS.len() - 1];
    LEFT + WIDTH * f64::from(number).log10() / f64::from(last).log10()
}

fn height(instructions: f64) -> f64 {
    TOP + HEIGHT * (1.0 - instructions / MOST)
}

/// A place by its distance from the page's upper left corner.
fn place(right: f64, down: f64) -> String {
    format!("Page.nw + ({right:.1}px,{:.1}px)", -down)
}
