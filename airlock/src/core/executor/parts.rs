//! A batch that several executors share, or that one is given again and again.

use crate::core::executor::{Batch, DispatchError, DynExecutor, dispatch};
use crate::core::intent::Intent;
use crate::core::report::Fate;
use crate::core::task::called::BoxError;

/// A batch that is carried out in parts, and what has become of each intent so far.
///
/// Dropped half-way it puts the batch together again and notes in it what is known.
pub(super) struct Parts<'a> {
    whole: &'a mut Batch,
    became: Vec<Became>,
    /// Why a part was refused, and the first intent of it, where that is not yet said otherwise.
    refused: Option<(usize, BoxError)>,
    sent: Option<Sent>,
    /// Why an executor before did not dispatch an intent, where nothing else is said of it.
    earlier: Vec<Option<BoxError>>,
    /// What was in doubt before.
    doubtful: usize,
}

/// What has become of an intent.
pub(super) enum Became {
    Left,
    Failed(BoxError),
    NotAttempted,
}

/// A part on its way.
struct Sent {
    out: Vec<bool>,
    /// None where the whole batch was sent, as it is.
    part: Option<Batch>,
    /// Whether the whole batch was accounted for before.
    accounted: bool,
    result: Option<Result<(), DispatchError>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(whole: &'a mut Batch) -> Self {
        // What somebody has taken is theirs.
        let became = |intent: &Intent| {
            if intent.is_spent() { Became::Left } else { Became::NotAttempted }
        };
        let doubtful = whole.take_doubt();
        let became = whole.iter().map(became).collect();
        Self { whole, became, refused: None, sent: None, earlier: Vec::new(), doubtful }
    }

    /// Those of the intents for which `wanted` says so that have not left and can be sent.
    pub(super) fn rest(&self, wanted: impl Fn(usize) -> bool) -> Vec<bool> {
        let intents = self.whole.iter().zip(&self.became).enumerate();
        intents
            .map(|(index, (intent, became))| {
                !matches!(became, Became::Left) && !intent.is_spent() && wanted(index)
            })
            .collect()
    }

    /// Sends the intents that `out` names as one batch; says whether all of them left.
    pub(super) async fn send(&mut self, executor: &dyn DynExecutor, out: Vec<bool>) -> bool {
        if !out.contains(&true) {
            return true;
        }
        let whole = !out.contains(&false);
        let (part, accounted) =
            if whole { (None, self.whole.renew()) } else { (Some(self.whole.part(&out)), false) };
        let sent = self.sent.insert(Sent { out, part, accounted, result: None });
        let batch = sent.part.as_mut().unwrap_or(self.whole);
        let result = dispatch(executor, batch).await;
        let left = result.is_ok();
        sent.result = Some(result);
        self.settle();
        left
    }

    /// Puts back what is on its way, and notes what is known of it.
    fn settle(&mut self) {
        let Some(Sent { out, mut part, accounted, result }) = self.sent.take() else { return };
        let batch = part.as_mut().unwrap_or(self.whole);
        let cut_short = result.is_none();
        let result = result.unwrap_or_else(|| Err(batch.cut_short()));
        let (fates, cause) = fates(batch, result);
        match part {
            Some(part) => self.whole.rejoin(part, &out),
            None => self.whole.renewed(accounted),
        }
        if cut_short && let Some(lost) = self.whole.lost.clone() {
            self.whole.put_aside(lost.take());
        }
        let mut fates = fates.into_iter();
        for (became, _) in self.became.iter_mut().zip(&out).filter(|(_, out)| **out) {
            match fates.next() {
                // One that failed before has its reason.
                Some(Became::NotAttempted) | None => {}
                Some(fate) => *became = fate,
            }
        }
        // What their tasks have enqueued.
        self.became.extend(fates);
        if self.refused.as_ref().is_some_and(|(index, _)| !out[*index]) {
            self.tell_refusal();
        }
        let first = |(index, became)| out[index] && !matches!(became, &Became::Left);
        let first = (0..out.len()).zip(&self.became).position(first);
        self.refused = first.zip(cause);
    }

    /// Says why a part was refused in the place of its first intent.
    fn tell_refusal(&mut self) {
        if let Some((index, cause)) = self.refused.take() {
            self.became[index] = Became::Failed(cause);
        }
    }

    /// Puts the reasons aside that are known so far, of each intent that failed, so that others may come;
    /// gives why intents were not attempted, as far as that is known.
    pub(super) fn put_reasons_aside(&mut self) -> Option<String> {
        let reason = |became: &mut Became| match became {
            Became::Failed(_) => match std::mem::replace(became, Became::NotAttempted) {
                Became::Failed(error) => Some(error),
                _ => None,
            },
            _ => None,
        };
        self.earlier = self.became.iter_mut().map(reason).collect();
        let refused = self.refused.take().map(|(_, cause)| cause);
        refused.as_ref().or_else(|| self.earlier.iter().flatten().next()).map(ToString::to_string)
    }

    /// Takes the reasons out that were put aside.
    pub(super) fn take_earlier(&mut self) -> Vec<Option<BoxError>> {
        std::mem::take(&mut self.earlier)
    }

    /// Says of each intent that did not leave why, given what is known of it: its index, and its
    /// reason.
    pub(super) fn explain(
        &mut self,
        mut why: impl FnMut(Option<usize>, Option<BoxError>) -> Option<BoxError>,
    ) {
        self.settle();
        for (index, became) in self.became.iter_mut().enumerate() {
            let known = match std::mem::replace(became, Became::Left) {
                Became::Left => continue,
                Became::Failed(error) => Some(error),
                Became::NotAttempted => None,
            };
            *became = why(Some(index), known).map_or(Became::NotAttempted, Became::Failed);
        }
        if let Some((index, cause)) = self.refused.take() {
            self.refused = why(None, Some(cause)).map(|cause| (index, cause));
        }
    }

    /// What became of the batch.
    pub(super) fn finish(mut self) -> Result<(), DispatchError> {
        let nothing_attempted =
            self.became.iter().all(|became| matches!(became, Became::NotAttempted));
        if !nothing_attempted {
            self.tell_refusal();
        }
        let refused = self.refused.take();
        let all_left = self.became.iter().all(|became| matches!(became, Became::Left));
        self.note();
        match refused {
            Some((_, cause)) => Err(DispatchError::refused(cause)),
            None if all_left => Ok(()),
            None => Err(self.whole.stopped()),
        }
    }

    /// Notes in the batch what has become of it.
    fn note(&mut self) {
        let became = std::mem::take(&mut self.became);
        let last = became.iter().rposition(|became| matches!(became, Became::Left));
        let completed = last.map_or(0, |last| last + 1);
        let (mut failures, mut skipped) = (Vec::new(), Vec::new());
        for (index, became) in became.into_iter().enumerate() {
            match became {
                Became::Failed(error) => failures.push((index, error)),
                Became::NotAttempted if index < completed => skipped.push(index),
                _ => {}
            }
        }
        self.whole.account(completed, failures, skipped);
        self.whole.doubt(self.doubtful);
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        self.settle();
        for (became, earlier) in self.became.iter_mut().zip(std::mem::take(&mut self.earlier)) {
            if let (Became::NotAttempted, Some(earlier)) = (&*became, earlier) {
                *became = Became::Failed(earlier);
            }
        }
        if !self.became.is_empty() {
            self.note();
        }
    }
}

/// What has become of each intent of a batch, and why it was refused if it was.
fn fates(batch: &Batch, result: Result<(), DispatchError>) -> (Vec<Became>, Option<BoxError>) {
    let Err(error) = result else {
        return (batch.iter().map(|_| Became::Left).collect(), None);
    };
    let error = error.sorted().within(batch.len());
    let fates: Vec<_> = (0..batch.len()).map(|index| error.fate(index)).collect();
    let refused = fates.contains(&Fate::NotAttempted);
    let DispatchError { failures, cause, .. } = error;
    let mut failures = failures.into_iter().peekable();
    let became = fates.into_iter().enumerate().map(|(index, fate)| match fate {
        Fate::Failed { error } => {
            let own = failures.next_if(|(failed, _)| *failed == index);
            Became::Failed(own.map_or_else(|| error.into(), |(_, error)| error))
        }
        Fate::Dispatched if !batch.is_skipped(index) => Became::Left,
        _ => Became::NotAttempted,
    });
    (became.collect(), cause.filter(|_| refused))
}
