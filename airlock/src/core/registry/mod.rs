//! Every task linked into the binary.

pub(crate) mod manifest;
pub(crate) mod task_set;

use std::fmt;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::core::intent::Intent;
use crate::core::registry::manifest::Manifest;
use crate::core::task::TaskInfo;
use crate::core::task::decode_error::DecodeError;
use crate::core::task::unknown_task::UnknownTask;

/// Every task linked into the binary, by name.
///
/// # Errors
///
/// [`DuplicateTasks`] where two tasks have one name; the error gives both places.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = airlock::registry()?;
/// assert_eq!(registry.find("mail.confirmation")?.parameters()[0].name(), "order_id");
///
/// let error = registry.find("mail.confirmatoin").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "no task is named `mail.confirmatoin`: did you mean `mail.confirmation`?",
/// );
/// # Ok(())
/// # }
/// ```
pub fn registry() -> Result<&'static Registry, DuplicateTasks> {
    static REGISTRY: OnceLock<Result<Registry, DuplicateTasks>> = OnceLock::new();
    REGISTRY.get_or_init(Registry::collect).as_ref().map_err(Clone::clone)
}

/// Every task linked into the binary; had from [`registry()`].
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "warehouse.notify")]
/// fn notify_warehouse(order_id: u64) {}
///
/// #[airlock::task(name = "mail.confirmation")]
/// fn send_confirmation_email(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let names: Vec<_> = airlock::registry()?.iter().map(|task| task.name()).collect();
/// assert_eq!(names, ["mail.confirmation", "warehouse.notify"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Registry {
    /// Ordered by name, so that what is listed doesn't depend on how the binary was linked.
    tasks: Vec<&'static TaskInfo>,
    by_name: FxHashMap<&'static str, &'static TaskInfo>,
}

impl Registry {
    fn collect() -> Result<Self, DuplicateTasks> {
        let registered = inventory::iter::<Registration>.into_iter();
        let mut tasks: Vec<_> = registered.map(|Registration(info)| info()).collect();
        tasks.sort_by_key(|task| (task.name(), task.place()));
        let mut duplicates: Vec<_> = tasks
            .windows(2)
            .filter_map(|pair| match pair {
                [first, second] if first.name() == second.name() => {
                    Some((first.name(), *first, *second))
                }
                _ => None,
            })
            .collect();
        if !duplicates.is_empty() {
            return Err(DuplicateTasks { duplicates });
        }
        let mut by_name: FxHashMap<_, _> = tasks.iter().map(|task| (task.name(), *task)).collect();
        for task in &tasks {
            for former in task.also() {
                let known = *by_name.entry(former).or_insert(task);
                if known != *task {
                    duplicates.push((*former, known, *task));
                }
            }
        }
        if !duplicates.is_empty() {
            return Err(DuplicateTasks { duplicates });
        }
        Ok(Self { tasks, by_name })
    }

    /// The tasks, ordered by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'static TaskInfo> {
        self.tasks.iter().copied()
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The tasks as messages see them, in a form that can be kept and compared; `local` ones are left out.
    pub fn manifest(&self) -> Manifest {
        Manifest::of(self)
    }

    /// The task of this name.
    ///
    /// # Errors
    ///
    /// [`UnknownTask`], with the nearest known name.
    pub fn find(&self, name: &str) -> Result<&'static TaskInfo, UnknownTask> {
        self.by_name
            .get(name)
            .copied()
            .ok_or_else(|| UnknownTask::among(name, self.tasks.iter().map(|task| task.name())))
    }

    /// An intent from a task's name and its arguments: a JSON object keyed by parameter name.
    ///
    /// The intent's origin is the caller of this function.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], one case for each way in which a message can be wrong.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// #[airlock::task(name = "warehouse.notify")]
    /// fn notify_warehouse(order_id: u64) {}
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let intent = airlock::registry()?.decode("warehouse.notify", r#"{"order_id": 42}"#)?;
    /// assert_eq!(intent.to_string(), "warehouse.notify(order_id: 42)");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn decode(&self, name: &str, json: &str) -> Result<Intent, DecodeError> {
        let task = self.find(name)?;
        let wire = task.wire.as_ref().ok_or(DecodeError::LocalTask { task })?;
        Ok(Intent::new((wire.decode)(json)?))
    }
}

/// One entry of the registry.
pub struct Registration(pub fn() -> &'static TaskInfo);

inventory::collect!(Registration);

/// Two tasks of the binary have one name.
///
/// # Examples
///
/// ```standalone_crate
/// #[airlock::task(name = "send")]
/// fn send_mail(order_id: u64) {}
///
/// #[airlock::task(name = "send")]
/// fn send_parcel(order_id: u64) {}
///
/// let error = airlock::registry().unwrap_err();
/// let (mail, parcel) = error.iter().next().expect("they share a name");
/// assert_eq!(mail.name(), parcel.name());
/// assert!(mail.place() < parcel.place());
/// ```
#[derive(Clone)]
pub struct DuplicateTasks {
    /// Each with the name that is shared.
    duplicates: Vec<(&'static str, &'static TaskInfo, &'static TaskInfo)>,
}

impl DuplicateTasks {
    /// Each pair of tasks that share a name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static TaskInfo, &'static TaskInfo)> {
        self.duplicates.iter().map(|(_, first, second)| (*first, *second))
    }
}

impl fmt::Display for DuplicateTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "tasks share a name: give one of each pair another, `#[airlock::task(name = \"…\")]`",
        )?;
        for (name, first, second) in &self.duplicates {
            write!(f, "\n  `{name}`: {} and {}", first.place(), second.place())?;
        }
        let one_file = |(_, first, second): &(&str, &TaskInfo, &TaskInfo)| {
            first.place().file() == second.place().file()
        };
        if self.duplicates.iter().any(one_file) {
            f.write_str(
                "\nfunctions don't count in a path: two tasks inside functions of one module share their default name",
            )?;
        }
        if !self.duplicates.iter().all(one_file) {
            f.write_str(
                "\ntwo versions of one crate share the names of their tasks, and a policy by path knows one of \
                 them: `block_tasks![v1::send]` lets `v2::send` pass; `cargo tree --duplicates` lists such crates",
            )?;
        }
        Ok(())
    }
}

/// The text of `Display`: what a `main` that returns the error shows.
impl fmt::Debug for DuplicateTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for DuplicateTasks {}
