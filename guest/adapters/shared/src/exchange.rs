//! One request, from its head to an answer: `parse`, the lookup, `respond`, and the checks between.

use std::io;

use wasip2::clocks::wall_clock;
use wasip2::io::streams::OutputStream;
use wasmhttpd_http::{self as http, ErrorPage, status};

use crate::bindings::handler::{self, Action, Content, Context, IpAddress, Response};
use crate::check::{self, Breach};
use crate::content;
use crate::folders::{Folders, OpenFile};
use crate::lookup::look_up;
use crate::{HEAD_OCTETS_MAX, octets_as_text};

/// What an adapter is not told: the other end of the connection.
const UNKNOWN_PEER: IpAddress = IpAddress::Ipv4(0);

/// An answer that has been checked.
pub struct Answer {
    /// 200 to 599.
    pub status: u16,
    /// Names and the octets of values, in the guest's order.
    pub fields: Vec<(String, Vec<u8>)>,
    content: Content,
    content_octets: u64,
    file: Option<OpenFile>,
}

impl Answer {
    /// The answer to a request `head`, which came over TLS or not. The guest's failures are told on
    /// standard error.
    pub fn to(head: &[u8], is_secure: bool) -> Answer {
        let line = head.iter().position(|octet| *octet == b'\n').unwrap_or(head.len());
        if line >= HEAD_OCTETS_MAX {
            return ErrorPage::UriTooLong.into();
        }
        if head.len() > HEAD_OCTETS_MAX {
            return ErrorPage::HeadTooLarge.into();
        }
        let context =
            Context { peer: UNKNOWN_PEER, secure: is_secure, now: wall_clock::now().seconds };
        handle(&octets_as_text(head), context).unwrap_or_else(|breach| {
            eprintln!("{breach}");
            ErrorPage::InternalServerError.into()
        })
    }

    /// Octets of content that a GET has; none where the status forbids content.
    pub fn content_length(&self) -> Option<u64> {
        match status::ends_with_fields(self.status) {
            true => None,
            false => Some(self.content_octets),
        }
    }

    /// Writes the content.
    ///
    /// # Errors
    /// When nobody takes it, or the file is shorter than it was.
    pub fn send(&self, output: &mut OutputStream) -> io::Result<()> {
        content::send(&self.content, self.file.as_ref(), output)
    }
}

impl From<ErrorPage> for Answer {
    fn from(page: ErrorPage) -> Answer {
        let http::Response { status, fields, content, .. } = page.response::<()>();
        let content = match content {
            http::Content::Octets(octets) => Content::Octets(octets),
            _ => Content::Empty,
        };
        match checked(Response { status, fields, content }, None) {
            Ok(answer) => answer,
            Err(breach) => unreachable!("the host's own page: {breach}"),
        }
    }
}

fn handle(head: &str, context: Context) -> Result<Answer, Breach> {
    let wanted = match handler::parse(head, Some(context)).action {
        Action::Answer(response) => return checked(response, None),
        Action::LookUp(wanted) => wanted,
    };
    check::lookup(&wanted)?;
    let folders = Folders::lent();
    let (found, file) = look_up(folders.root(&wanted.site), &wanted);
    checked(handler::respond(head, &found, Some(context)), file)
}

fn checked(response: Response, file: Option<OpenFile>) -> Result<Answer, Breach> {
    let content_octets = check::response(&response, file.as_ref().map(|file| file.size))?;
    let Response { status, fields, content } = response;
    let fields = check::fields(&fields);
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Answer { status, fields, content, content_octets, file })
}
