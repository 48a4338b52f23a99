//! `tasks![a, b::c, "d::e"]`, and the lists of tasks in `block_tasks!`, `allow_only!` and `BlockTasks(…)`.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, LitStr, Path, Token};

use crate::errors::Errors;
use crate::expression::{bare, text};
use crate::messages;
use crate::options::default_crate;
use crate::spans::Spans;
use crate::written::written;

/// The set that `(path_to_airlock) a, b::c, "d::e"` names.
pub(crate) fn task_set(input: TokenStream) -> TokenStream {
    let errors = Errors::new();
    let parser = |input: ParseStream<'_>| {
        let krate = input.parse::<Group>()?.stream();
        Ok((krate, list(&errors, input)?))
    };
    let (krate, tasks) = parser.parse2(input).unwrap_or_else(|error| {
        errors.add(error);
        (default_crate(), Vec::new())
    });
    let set = TaskSet::check(&errors, krate, &tasks).expand();
    let report = errors.report();
    quote!({ #report #set })
}

/// The elements between the commas; one that is no expression is no path, which is reported, and is left out.
fn list(errors: &Errors, input: ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let mut tasks = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        if input.peek(Token![,]) {
            errors.add(input.error(messages::TASK_MISSING));
        } else if let Ok(task) = ahead.parse::<Expr>() {
            input.advance_to(&ahead);
            tasks.push(task);
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.add(input.error(messages::TASKS_NEED_COMMA));
            }
        } else {
            let mut element = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                element.extend([input.parse::<TokenTree>()?]);
            }
            errors.at(&element, messages::not_a_task_path(&written(&element)));
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(tasks)
}

/// A list of paths, each of them there once.
pub(crate) struct TaskSet {
    krate: TokenStream,
    paths: Vec<Path>,
}

impl TaskSet {
    /// What isn't a path, or is repeated, is reported and left out.
    ///
    /// Whether a path leads to a task is for rustc to say, which knows what there is and what has a similar name.
    pub(crate) fn check<'a>(
        errors: &Errors,
        krate: TokenStream,
        tasks: impl IntoIterator<Item = &'a Expr>,
    ) -> Self {
        let mut paths: Vec<Path> = Vec::new();
        for task in tasks {
            let Some(path) = path(task) else {
                let text = written(task);
                let is_name = is_dotted_name(task);
                let message = if is_name { messages::task_name } else { messages::not_a_task_path };
                errors.at(task, message(&text));
                continue;
            };
            let text = written(&path);
            if paths.iter().any(|path| written(path) == text) {
                errors.at(task, messages::repeated_task(&text));
                continue;
            }
            paths.push(path);
        }
        Self { krate, paths }
    }

    /// ```text
    /// // Input:
    /// tasks![notify, mail::send]
    ///
    /// // Output:
    /// {
    ///     static TASKS: LazyLock<airlock::TaskSet> = LazyLock::new(|| {
    ///         task_set(&[<notify as airlock::Task>::info(), <mail::send as airlock::Task>::info()])
    ///     });
    ///     Clone::clone(&*TASKS)
    /// }
    /// ```
    pub(crate) fn expand(&self) -> TokenStream {
        let krate = &self.krate;
        let infos = self.paths.iter().map(|path| self.info(path));
        quote!({
            // A name that none of the paths begins with.
            static __AIRLOCK_TASKS: ::std::sync::LazyLock<#krate::TaskSet> =
                ::std::sync::LazyLock::new(|| #krate::__private::task_set(&[#(#infos),*]));
            ::core::clone::Clone::clone(&*__AIRLOCK_TASKS)
        })
    }

    /// Begins and ends where the path does, so that the path alone is underlined when it leads to no task.
    fn info(&self, path: &Path) -> TokenStream {
        let krate = &self.krate;
        let Spans { first, last } = Spans::of(path);
        let open = quote_spanned!(first=> <);
        let rest = quote_spanned!(last=> >::info());
        quote!(#open #path as #krate::Task #rest)
    }
}

/// The path that an element of the list is, or holds in quotes.
fn path(task: &Expr) -> Option<Path> {
    match bare(task) {
        Expr::Path(task) if task.qself.is_none() => {
            Path::parse_mod_style.parse2(task.path.to_token_stream()).ok()
        }
        task => text(task)?.parse_with(Path::parse_mod_style).ok(),
    }
}

/// Whether the element is what a task may be named, and no path is: `"mail.confirmation"`.
fn is_dotted_name(task: &Expr) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    let name = text(task).map(LitStr::value).unwrap_or_default();
    name.contains('.') && name.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(tasks: TokenStream) -> Vec<String> {
        let errors = Errors::new();
        let parser = |input: ParseStream<'_>| list(&errors, input);
        let tasks = parser.parse2(tasks).expect("a list");
        TaskSet::check(&errors, default_crate(), &tasks);
        errors.messages()
    }

    #[test]
    fn takes_paths_bare_and_quoted() {
        let none: [&str; 0] = [];
        assert_eq!(mistakes(quote!(a, b::c, "d::e", ::x::y, "crate::z", r#type,)), none);
        assert_eq!(mistakes(quote!()), none);
    }

    #[test]
    fn refuses_what_is_no_path() {
        let what = "is not the path of a task: write the path of a task, bare (`mail::send`) or in quotes \
                    (`\"mail::send\"`)";
        let expected = ["mail::*", "send(42)", "send::<u8>", "\"not a path\"", "5"]
            .map(|text| format!("`{text}` {what}"));
        assert_eq!(mistakes(quote!(mail::*, send(42), send::<u8>, "not a path", 5)), expected);
        assert_eq!(mistakes(quote!(send notify, track)), [messages::TASKS_NEED_COMMA]);
        assert_eq!(mistakes(quote!(send,, notify)), [messages::TASK_MISSING]);
    }

    #[test]
    fn says_where_names_go() {
        let mistakes = mistakes(quote!("shop.pack", "mail.send-all", "3. no path", "a..b"));
        let at_run_time = mistakes.iter().map(|mistake| mistake.contains("`BlockTasks::named`"));
        assert_eq!(at_run_time.collect::<Vec<_>>(), [true, true, false, false]);
    }

    #[test]
    fn refuses_repetition() {
        assert_eq!(
            mistakes(quote!(mail::send, "mail::send")),
            ["`mail::send` is listed twice: remove one"]
        );
    }
}
