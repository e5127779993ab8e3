//! A server without sockets or files, for native tests of rules.

use crate::handler::Handler;
use crate::rule::InFront;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasmhttpd_guest::contract::{
    Action, Configuration, Context, Datetime, File, Found, IpAddress, Lookup, Problem, Response,
    Setting, Trouble,
};
use wasmhttpd_guest::site::Site;

/// When every file was last modified, in seconds since the epoch: long ago.
const MODIFIED: u64 = 1_700_000_000;

/// The time unless a test says otherwise.
const NOW: u64 = 1_800_000_000;

/// A rule in front of the default site, with files that have a name and a size only.
///
/// A call that breaks the contract, as far as this can see, is a panic.
///
/// ```
/// use wasmhttpd_sdk::testing::Server;
/// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
/// #
/// # #[derive(Default)]
/// # struct Closed;
/// # impl Rule for Closed {
/// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
/// #         let now = context.map_or(0, |context| context.now);
/// #         match request.field("Open").is_some() || now > 1_900_000_000 {
/// #             true => Verdict::Pass,
/// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
/// #         }
/// #     }
/// # }
///
/// let mut server = Server::<Closed>::new(&[]).unwrap().with_file("/index.html", 12);
/// assert_eq!(server.get("/").status, 403);
/// assert_eq!(server.get_with("/", "Open: yes\r\n").status, 200);
/// ```
#[derive(Debug)]
pub struct Server<R> {
    guest: InFront<R, Site>,
    files: Vec<(String, u64)>,
    context: Option<Context>,
}

impl<R: crate::Rule> Server<R> {
    /// A server whose web.conf has these parameters, from line 1.
    ///
    /// # Errors
    /// What is wrong with them.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// assert!(Server::<Closed>::new(&[("listing", "on")]).is_ok());
    /// assert!(Server::<Closed>::new(&[("listing", "perhaps")]).is_err());
    /// ```
    pub fn new(parameters: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        let setting = |(line, (name, value)): (u32, &(&str, &str))| Setting {
            line,
            name: name.to_string(),
            value: value.to_string(),
        };
        let parameters = (1..).zip(parameters).map(setting).collect();
        let guest = InFront::configure(&Configuration { media: Vec::new(), parameters })?;
        let peer = IpAddress::Ipv4(0x7f00_0001);
        let context = Some(Context { peer, secure: false, now: NOW });
        Ok(Self { guest, files: Vec::new(), context })
    }

    /// The lines and the reasons of all that is wrong with these parameters.
    ///
    /// # Panics
    /// If nothing is.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let problems = Server::<Closed>::problems(&[("index", "a.html"), ("listing", "perhaps")]);
    /// assert_eq!(problems[0].0, 2);
    /// ```
    pub fn problems(parameters: &[(&str, &str)]) -> Vec<(u32, String)> {
        match Self::new(parameters) {
            Ok(_) => panic!("nothing is wrong with {parameters:?}"),
            Err(problems) => problems.into_iter().map(|p| (p.line, p.reason)).collect(),
        }
    }

    /// The server with one more file, by its path below the document root.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap().with_file("/a.txt", 12);
    /// assert_eq!(server.get_with("/a.txt", "Open: yes\r\n").status, 200);
    /// assert_eq!(server.get_with("/b.txt", "Open: yes\r\n").status, 404);
    /// ```
    #[must_use]
    pub fn with_file(mut self, path: &str, octets: u64) -> Self {
        self.files.push((path.into(), octets));
        self
    }

    /// From now on requests come with this context.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap();
    /// // As `wasmtime run --invoke` calls, without a context.
    /// server.set_context(None);
    /// assert_eq!(server.get("/").status, 403);
    /// ```
    pub fn set_context(&mut self, context: Option<Context>) {
        self.context = context;
    }

    /// From now on requests come from this address.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, IpAddress, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap();
    /// server.set_peer(IpAddress::Ipv4(0xc000_0201));
    /// assert_eq!(server.get("/").status, 403);
    /// ```
    pub fn set_peer(&mut self, peer: IpAddress) {
        self.context = self.context.map(|context| Context { peer, ..context });
    }

    /// From now on it is this time, in seconds since the epoch.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap().with_file("/index.html", 12);
    /// server.set_now(2_000_000_000);
    /// assert_eq!(server.get("/").status, 200);
    /// ```
    pub fn set_now(&mut self, now: u64) {
        self.context = self.context.map(|context| Context { now, ..context });
    }

    /// The answer to GET.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap();
    /// assert_eq!(server.get("/").status, 403);
    /// ```
    pub fn get(&mut self, target: &str) -> Response {
        self.get_with(target, "")
    }

    /// The answer to GET with these field lines, each of which ends in CRLF.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap();
    /// assert_eq!(server.get_with("/none", "Open: yes\r\n").status, 404);
    /// ```
    pub fn get_with(&mut self, target: &str, fields: &str) -> Response {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"))
    }

    /// The answer to a head.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    /// #
    /// # #[derive(Default)]
    /// # struct Closed;
    /// # impl Rule for Closed {
    /// #     fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
    /// #         let now = context.map_or(0, |context| context.now);
    /// #         match request.field("Open").is_some() || now > 1_900_000_000 {
    /// #             true => Verdict::Pass,
    /// #             false => Verdict::Answer(Response::page(403, "Forbidden", "Closed.")),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let mut server = Server::<Closed>::new(&[]).unwrap();
    /// assert_eq!(server.ask("POST / HTTP/1.1\r\nHost: a\r\nOpen: yes\r\n\r\n").status, 405);
    /// ```
    pub fn ask(&mut self, head: &str) -> Response {
        match self.guest.parse(head, self.context).action {
            Action::Answer(response) => response,
            Action::LookUp(lookup) => {
                let found = self.look_up(&lookup);
                self.guest.respond(head, &found, self.context)
            }
        }
    }

    fn look_up(&self, lookup: &Lookup) -> Found {
        let size = |path: &String| self.files.iter().find(|file| file.0 == *path).map(|f| f.1);
        let found = |candidate: usize, size, after| {
            let modified = Datetime { seconds: MODIFIED, nanoseconds: 0 };
            Found::File(File { candidate: candidate as u32, size, modified, after })
        };
        let mut candidates = lookup.candidates.iter().enumerate();
        if let Some((index, size)) = candidates.find_map(|(i, path)| Some((i, size(path)?))) {
            return found(index, size, None);
        }
        let mut fallbacks = lookup.fallbacks.iter().enumerate();
        let fallback = fallbacks.find_map(|(i, fallback)| {
            (fallback.after == Trouble::Missing).then(|| Some((i, size(&fallback.path)?)))?
        });
        match fallback {
            Some((index, size)) => found(index, size, Some(Trouble::Missing)),
            None => Found::Nothing(Trouble::Missing),
        }
    }
}
