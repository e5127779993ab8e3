//! Replacing the guest, and the configuration, of a server that serves.
//!
//! Owns the thread that decides it, the [`Swapper`]: a loop that takes one [`event`] after the
//! other and never waits long.
//!
//! 1. Events are handled in one place, the [`dispatcher`]. A rollback, the end of a shadow and a
//!    failed probation change the [`state`] at once.
//! 2. What takes long is a job ([`jobs`]). One runs at a time, in stages ([`stage`]). Each stage is
//!    slow [`work`] on a thread of its own, ends in an event, and can refuse: the component is
//!    read, compiled, checked, instantiated, configured ([`crate::startup`]) and rehearsed
//!    ([`crate::rehearsal`]). A refusal changes nothing.
//! 3. The workers publish the new generation between two requests. For a while it is on
//!    [`probation`]: if it fails for several clients, the proven one is published again.
//! 4. After each event a [`view`] of the state is made: the status only shows it.
//!
//! Words: a *generation* is a guest and its configuration, with a number. A *release* is a
//! generation that serves or has served. The *lineage* is all releases that may serve again, and
//! what belongs to the serving one. A *candidate* is a guest that has been loaded and does not
//! serve. A *shadow* is a candidate that runs beside the serving generation.

mod command;
mod dispatcher;
mod effect;
mod event;
mod guest;
mod handle;
mod host;
mod jobs;
mod lineage;
mod poll;
mod probation;
mod pulls;
mod reload;
mod second_opinion;
mod shadow;
mod stage;
mod state;
mod status;
mod swapper;
mod view;
mod watch;
mod work;

pub use self::command::{Command, Outcome};
pub use self::guest::{Guest, Limits};
pub use self::handle::Handle;
pub use self::status::{ShadowStatus, Status};
pub use self::swapper::{Swapper, first_publication};
