//! Offering a scope's intents to the scopes around, and judging what they release.

use crate::core::executor::DispatchError;
use crate::core::flush::Flush;
use crate::core::flush::outgoing::Outgoing;
use crate::core::intent::Intent;
use crate::core::panics::{Panic, catch};
use crate::core::policy::chain::Chain;
use crate::core::report::{Fate, ReportEntry, Why};
use crate::core::stack::buffer::Buffer;
use crate::core::stack::contents::Contents;
#[cfg(feature = "transaction")]
use crate::core::stack::enclosing::Enclosing;
use crate::core::stack::enclosing::{NotCaptured, capture_whole, captures_whole, enclosing};
use crate::core::stack::frame::Release;
use crate::core::stack::judge::{Dropped, Judged, judge_into, judge_single};
use crate::core::stack::scope_settings::wants_report;
use crate::core::stack::segments::Segment;
use crate::core::stack::while_judging::{is_judging, while_judging};
use crate::core::task::counted::Counted;

/// What a scope's intents come to: captured by scopes around, refused, or judged and ready. `None` where
/// nothing is left to do or to report.
pub(super) fn to_scopes_around(contents: Contents, reported: bool) -> Option<Flush> {
    let bounded = contents.settings.as_ref().is_some_and(|settings| settings.boundary);
    // What moves into another scope has to be looked at before.
    let entries = if reported && !bounded && captures_whole() {
        contents.entries(&Fate::Captured)
    } else {
        Vec::new()
    };
    let Contents { mut buffer, level, settings } = contents;
    let captured =
        if bounded { Err(NotCaptured::Outermost) } else { capture_whole(&mut buffer, level) };
    if captured.is_ok() && !reported {
        return None;
    }
    let mut outgoing = Outgoing::new(settings, reported);
    Some(match captured {
        Ok(()) => {
            outgoing.batch.put_aside(entries);
            Flush::Captured(outgoing)
        }
        Err(NotCaptured::Outermost) => {
            outgoing.judge(buffer, level);
            Flush::Ready(outgoing)
        }
        Err(NotCaptured::Asked) => outgoing.ask_around(buffer, level),
        Err(NotCaptured::Closed) => {
            outgoing.hold(Contents::new(buffer, level));
            outgoing.refused(ended())
        }
    })
}

/// Moves a nested scope's intents into the scope around, where that takes all of them and nobody reads of it: the usual
/// case, which needs no more. Whether it was so.
pub(super) fn is_captured_unread(contents: &mut Contents) -> bool {
    if !captures_whole() {
        return false;
    }
    let settings = contents.settings.as_deref();
    let ends_here = settings.is_some_and(|settings| settings.boundary) || wants_report(settings);
    !ends_here && !is_judging() && capture_whole(&mut contents.buffer, contents.level).is_ok()
}

/// Moves a scope's intents into the scope around, which is asked nothing.
#[cfg(feature = "transaction")]
pub(super) fn to_scope_around(contents: Contents) -> Flush {
    let Some(around) = enclosing().into_iter().next() else {
        let reported = wants_report(contents.settings.as_deref());
        let nowhere = DispatchError::refused(
            "the savepoint is released where no scope is around: commit it inside the scope of \
             the transaction around",
        );
        return Outgoing::held(contents, reported).refused(nowhere);
    };
    to_scope(&around, contents)
}

/// Moves a scope's intents into another one, which is asked nothing.
#[cfg(feature = "transaction")]
pub(super) fn to_scope(scope: &Enclosing, contents: Contents) -> Flush {
    let reported = wants_report(contents.settings.as_deref());
    let entries = if reported { contents.entries(&Fate::Captured) } else { Vec::new() };
    let Contents { mut buffer, level, settings } = contents;
    let mut outgoing = Outgoing::new(settings, reported);
    if scope.capture(&mut buffer, level) {
        outgoing.batch.put_aside(entries);
        return Flush::Captured(outgoing);
    }
    outgoing.hold(Contents::new(buffer, level));
    outgoing.refused(ended())
}

/// The enclosing scope, which is a handle's, has ended: what it captured would never be flushed.
fn ended() -> DispatchError {
    DispatchError::refused(
        "the enclosing scope, entered through a handle, has ended: let it wait for the \
         work it was handed to",
    )
}

impl Outgoing {
    /// Asks the scopes around about each intent, innermost first. What one does not release moves
    /// into its buffer, in order; what is left at the end is judged.
    fn ask_around(mut self, buffer: Buffer, level: u32) -> Flush {
        let is_counted = buffer.bytes() > 0;
        let mut segments: Vec<Segment> = buffer.into_segments(level).collect();
        let mut positions: Vec<usize> = (0..intents(&segments).count()).collect();
        let mut refused = None;
        for enclosing in enclosing() {
            let released = match &enclosing.release {
                Release::All => continue,
                Release::None => vec![false; positions.len()],
                Release::If(release) => self.ask(&**release, &segments, &positions),
            };
            let counted = is_counted.then_some(enclosing.counted);
            let (kept, left) = divide(segments, level, counted, &released);
            let (kept_at, left_at): (Vec<_>, Vec<_>) =
                positions.into_iter().zip(released).partition(|(_, released)| !released);
            let mut kept = Contents::new(kept, level);
            let entries = kept.entries(&Fate::Captured);
            if enclosing.capture(&mut kept.buffer, level) {
                let kept_at = kept_at.into_iter().map(|(position, _)| position);
                self.batch.put_aside_at(kept_at.zip(entries));
            } else {
                self.hold(kept);
                refused = Some(ended());
            }
            segments = left;
            positions = left_at.into_iter().map(|(position, _)| position).collect();
        }
        let mut released = Buffer::new();
        for segment in segments {
            released.push_segment(segment, level);
        }
        self.judge(released, level);
        match refused {
            Some(error) => self.refused(error),
            None => Flush::Ready(self),
        }
    }

    /// Asks one scope's rule about each intent.
    fn ask(
        &mut self,
        release: &(dyn Fn(&Intent) -> bool + Send + Sync),
        segments: &[Segment],
        positions: &[usize],
    ) -> Vec<bool> {
        let ask = || while_judging(|| intents(segments).map(release).collect());
        match catch(ask) {
            Ok(released) => released,
            Err(panic) => {
                let entries = discarded(segments);
                self.batch.put_aside_at(positions.iter().copied().zip(entries));
                self.resume(panic)
            }
        }
    }

    /// Goes on with the panic of what was asked about the intents, which don't vanish unmentioned.
    fn resume(&mut self, panic: Panic) -> ! {
        self.end(|fate| fate);
        drop(self.batch.take_all());
        panic.resume()
    }

    /// Asks the policies about each intent; what passes is the batch.
    pub(super) fn judge(&mut self, buffer: Buffer, level: u32) {
        let segments = match buffer.into_single(level) {
            Ok((None, intents)) => return self.batch.append(None, 0, intents),
            Ok((chain, intents)) => {
                let judged = judge_single(&chain, &intents);
                return self.go_on_judged(chain, intents, judged);
            }
            Err(segments) => segments,
        };
        let (segments, panic) = match judge_into(&mut self.batch, segments, 0) {
            Ok(judged) => {
                self.remembered = judged.remembered;
                return;
            }
            Err(stopped) => stopped,
        };
        self.batch.put_aside(discarded(&segments));
        self.resume(panic)
    }

    /// Takes the intents of one segment that pass.
    pub(super) fn go_on_judged(
        &mut self,
        chain: Chain,
        intents: Vec<Intent>,
        judged: Result<Judged<Dropped>, Panic>,
    ) {
        match judged {
            Ok(Judged { intents: dropped, remembered }) => {
                self.remembered = remembered;
                if dropped.is_empty() {
                    self.batch.append(chain, 0, intents);
                } else {
                    self.batch.append_judged(chain, 0, intents, dropped);
                }
            }
            Err(panic) => {
                self.batch.put_aside(discarded(&[Segment {
                    chain,
                    level: 0,
                    rows: false,
                    intents,
                }]));
                self.resume(panic)
            }
        }
    }
}

/// The entries of intents about which something that was asked has panicked.
fn discarded(segments: &[Segment]) -> Vec<ReportEntry> {
    let fate = Fate::Discarded(Why::Panic);
    intents(segments).map(|intent| ReportEntry::new(intent, fate.clone())).collect()
}

fn intents(segments: &[Segment]) -> impl Iterator<Item = &Intent> {
    segments.iter().flat_map(|segment| &segment.intents)
}

/// What is kept and what is released of some segments, given what is released of their intents.
fn divide(
    segments: Vec<Segment>,
    level: u32,
    counted: Option<Counted>,
    released: &[bool],
) -> (Buffer, Vec<Segment>) {
    let (mut kept, mut left) = (Buffer::new(), Vec::new());
    let mut released = released.iter();
    for Segment { chain, level: theirs, rows, intents } in segments {
        let (keep, pass): (Vec<_>, Vec<_>) =
            intents.into_iter().zip(&mut released).partition(|(_, released)| !**released);
        let unzip = |divided: Vec<(Intent, &bool)>| divided.into_iter().map(|(i, _)| i).collect();
        let keep = Segment { chain: chain.clone(), level: theirs, rows, intents: unzip(keep) };
        kept.push_segment(keep, level);
        left.push(Segment { chain, level: theirs, rows, intents: unzip(pass) });
    }
    if let Some(counted) = counted {
        kept.count_bytes(level, counted);
    }
    (kept, left)
}
