//! What the closures of a middleware see of a response.

use std::fmt;

/// The head of a response, for the closures that `flush_when` and `on_flush_error` take: one type for all frameworks.
///
/// # Examples
///
/// ```
/// use airlock::web::Head;
///
/// /// Flushes after a success and after a conflict, unless a header says that there are no effects.
/// fn rule(response: &Head<'_>) -> bool {
///     let counts = response.status() < 400 || response.status() == 409;
///     counts && response.header("x-effects") != Some("none")
/// }
///
/// assert!(rule(&Head::new(409, &|_| None)));
/// assert!(!rule(&Head::new(200, &|name| (name == "x-effects").then_some("none"))));
/// ```
#[derive(Clone, Copy)]
pub struct Head<'r> {
    status: u16,
    header: &'r dyn Fn(&str) -> Option<&'r str>,
    #[cfg(feature = "tower")]
    extensions: Option<&'r ::http::Extensions>,
}

impl<'r> Head<'r> {
    /// A head of a status, and of a closure that looks up a header.
    pub fn new(status: u16, header: &'r dyn Fn(&str) -> Option<&'r str>) -> Self {
        Self {
            status,
            header,
            #[cfg(feature = "tower")]
            extensions: None,
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of that name, if its value is text.
    ///
    /// An error has no headers yet if the framework turns it into a response outside the scope.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        (self.header)(name)
    }

    /// What a service has put into the response's extensions; `None` outside tower.
    #[cfg(feature = "tower")]
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&'r T> {
        self.extensions?.get()
    }

    #[cfg(feature = "tower")]
    pub(crate) fn with_extensions(mut self, extensions: &'r ::http::Extensions) -> Self {
        self.extensions = Some(extensions);
        self
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The default rule of all frameworks: informational answers and redirects are below 400.
pub(crate) const fn succeeded(status: u16) -> bool {
    status < 400
}
