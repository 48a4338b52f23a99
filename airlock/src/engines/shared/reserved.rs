//! Names that belong to another queue.

use crate::core::task::called::BoxError;

/// Refuses a queue whose name is that of another queue with one of these endings: the engine keeps something else
/// there.
///
/// # Errors
///
/// Names the queue, and the one that the name belongs to.
pub(crate) fn check(queue: &str, endings: &[&str]) -> Result<(), BoxError> {
    let of = endings.iter().find_map(|ending| queue.strip_suffix(ending));
    match of {
        None | Some("") => Ok(()),
        Some(of) => Err(format!(
            "the name `{queue}` is reserved: something of the queue `{of}` is kept under it: choose a name without `{}`",
            &queue[of.len()..]
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_another_queues_is_refused() {
        let endings = [".dead", ".dead.since"];
        for queue in ["rust", "rust.deadline", "dead", ".dead", "rust.dead.x"] {
            check(queue, &endings).expect(queue);
        }
        let error = check("rust.dead", &endings).expect_err("reserved").to_string();
        assert!(
            error.contains("the queue `rust` ") && error.contains("without `.dead`"),
            "{error}"
        );
        check("rust.dead.since", &endings).expect_err("reserved");
    }
}
