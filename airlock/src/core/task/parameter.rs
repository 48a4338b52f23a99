//! A task's parameters, and the place where it is written.

use std::fmt;

/// A parameter of a task that is an argument.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn welcome(user_id: u64, #[secret] token: String, #[default(3)] letters: u8) {}
///
/// let parameters = welcome::intent(7, "t0p".into(), 1).task().parameters();
/// assert_eq!(parameters[0].name(), "user_id");
/// assert!(!parameters[0].is_secret() && parameters[1].is_secret());
/// assert!(parameters[2].has_default());
/// assert_eq!(parameters[2].type_text(), "u8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    name: &'static str,
    type_text: &'static str,
    secret: bool,
    default: Option<WrittenDefault>,
    also: &'static [&'static str],
}

/// What is written of a `#[default]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenDefault {
    /// The expression as code, which a `#[secret]` parameter does not tell.
    pub(crate) code: &'static str,
    /// It calls nothing that may give another value in another run, such as the time.
    pub(crate) steady: bool,
}

impl Parameter {
    #[doc(hidden)]
    pub const fn new(name: &'static str, type_text: &'static str) -> Self {
        Self { name, type_text, secret: false, default: None, also: &[] }
    }

    #[doc(hidden)]
    pub const fn secret(name: &'static str, type_text: &'static str) -> Self {
        Self { secret: true, ..Self::new(name, type_text) }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_default(self, code: &'static str, steady: bool) -> Self {
        Self { default: Some(WrittenDefault { code, steady }), ..self }
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn with_also(self, names: &'static [&'static str]) -> Self {
        Self { also: names, ..self }
    }

    /// The parameter's name, which is its argument's key on the wire.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The parameter's type as the code has it: an alias is the alias, and a path is as long as it is written.
    pub fn type_text(&self) -> &'static str {
        self.type_text
    }

    /// Whether the parameter is `#[secret]`: never shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether the parameter is `#[default]`: a message may lack it.
    pub fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The names that the parameter had: in a message its argument may have one of them.
    pub fn also(&self) -> &'static [&'static str] {
        self.also
    }

    pub(crate) fn written_default(&self) -> Option<WrittenDefault> {
        self.default
    }
}

/// A place in the source: the file as the compiler names it, line and column from 1.
///
/// # Examples
///
/// ```
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let place = send_mail::intent(42).task().place();
/// assert_eq!(place.file(), file!());
/// assert!(place.line() < line!());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    file: &'static str,
    line: u32,
    column: u32,
}

impl Place {
    #[doc(hidden)]
    pub const fn new(file: &'static str, line: u32, column: u32) -> Self {
        Self { file, line, column }
    }

    /// The file, as the compiler names it.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
