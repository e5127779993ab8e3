//! Carrying a request to its response, or to where it waits.

use std::net::IpAddr;

use wasmhttpd_http::{After, ErrorPage, Machine, Request};

use super::{Did, Driver};
use crate::files::OpenFile;
use crate::server::handled::{Handled, Incoming, Reply};
use crate::server::journal::Ended;
use crate::server::reader::Read;
use crate::server::respond::{self, Written};
use crate::server::session::{Link, Shell};
use crate::server::stream::{Streams, Waiting};
use crate::server::stream_key::StreamKey;

impl<M: Machine<OpenFile>, S: Streams> Driver<M, S> {
    pub(super) fn begin(
        &mut self,
        stream: u32,
        request: Request,
        link: &mut Link,
        shell: &mut Shell,
    ) -> Did {
        let incoming = incoming(&self.machine, stream, &request, link.peer, shell);
        let handled = shell.handler.begin(incoming);
        self.answer(stream, request, handled, link, shell);
        Did::Progress
    }

    /// See [`crate::server::session::Session::resume`].
    pub(in super::super) fn resume(
        &mut self,
        read: Read,
        link: &mut Link,
        shell: &mut Shell,
    ) -> bool {
        let stream = read.key.stream;
        let is_for_this = |waiting: &mut Waiting| read.is_for(&waiting.ticket);
        let waiting = self.streams.at(stream).waiting.take_if(is_for_this);
        let Some(waiting) = waiting else { return false };
        self.machine.lend(&mut shell.buffers);
        let request = self.machine.resume(stream);
        let incoming = incoming(&self.machine, stream, &request, link.peer, shell);
        let handled = shell.handler.resume(incoming, *waiting.paused, read.entries);
        self.answer(stream, request, handled, link, shell);
        true
    }

    /// Carries a request that was `handled` to a response in the output, or to where it waits for
    /// the directory that is wanted.
    fn answer(
        &mut self,
        stream: u32,
        request: Request,
        mut handled: Handled,
        link: &mut Link,
        shell: &mut Shell,
    ) {
        loop {
            handled = match handled {
                Handled::Respond(Reply { response, after, course }) => {
                    let after = match after {
                        After::Close if link.ends_with(&request) => After::CloseAtOnce,
                        after => after,
                    };
                    let (status, is_second) = (response.status, course.has_looked_again());
                    let (common, writer) = (shell.handler.common(), self.machine.writer(stream));
                    let written =
                        respond::write(response, &request, after, is_second, common, writer);
                    let incoming = incoming(&self.machine, stream, &request, link.peer, shell);
                    match written {
                        Ok(written) => {
                            shell.handler.responded(incoming, &course);
                            return self.responded(
                                stream,
                                &request,
                                (status, after),
                                written,
                                link,
                                shell,
                            );
                        }
                        Err(respond::Changed) => shell.handler.look_again(incoming, course),
                    }
                }
                Handled::Read { directory, paused } => {
                    let key = StreamKey { connection: link.key, stream };
                    match shell.reader.read(key, directory, shell.now) {
                        Ok(ticket) => {
                            self.streams.at(stream).waiting = Some(Waiting { ticket, paused });
                            return self.machine.wait(stream, request);
                        }
                        Err(trouble) => {
                            let incoming =
                                incoming(&self.machine, stream, &request, link.peer, shell);
                            shell.handler.resume(incoming, *paused, Err(trouble))
                        }
                    }
                }
            }
        }
    }

    /// A response is in the output: that is told, now or when its body has been sent.
    fn responded(
        &mut self,
        stream: u32,
        request: &Request,
        (status, after): (u16, After),
        written: Written,
        link: &mut Link,
        shell: &mut Shell,
    ) {
        let Written { body, content_octets, looked_at } = written;
        let head = self.machine.head(stream, request);
        if body.is_some() {
            self.streams.at(stream).entry = shell.journal.entry(head, status, content_octets);
        } else {
            let ended = Ended::at_once(head, status, content_octets);
            shell.journal.ended(link.peer, shell.handler.common(), ended);
        }
        self.streams.at(stream).looked_at = looked_at;
        self.machine.answered(stream, request, after, body);
        self.end_if_streamed(stream, link, shell);
    }

    /// Answers what is no request, and lets the connection end.
    pub(super) fn refuse(
        &mut self,
        stream: u32,
        page: ErrorPage,
        link: &Link,
        shell: &mut Shell,
    ) -> Did {
        let Reply { response, after, .. } = Reply::page(page);
        let (request, common) = (&Request::UNREAD, shell.handler.common());
        let writer = self.machine.writer(stream);
        if let Ok(written) = respond::write(response, request, after, true, common, writer) {
            let ended = Ended::at_once(b"", page.status(), written.content_octets);
            shell.journal.ended(link.peer, common, ended);
        }
        self.machine.refused(stream);
        Did::Step
    }

    /// See [`crate::server::session::Session::give_up`].
    pub(in super::super) fn give_up(&mut self, stream: u32, link: &mut Link, shell: &mut Shell) {
        if self.streams.at(stream).waiting.take().is_none() {
            return;
        }
        tracing::warn!("a directory was not read within send-timeout: answered 503");
        self.machine.lend(&mut shell.buffers);
        let request = self.machine.resume(stream);
        let page = Reply::page(ErrorPage::ServiceUnavailable);
        self.answer(stream, request, Handled::Respond(page), link, shell);
    }
}

fn incoming<'a>(
    machine: &'a impl Machine<OpenFile>,
    stream: u32,
    request: &'a Request,
    peer: IpAddr,
    shell: &Shell,
) -> Incoming<'a> {
    let (now, stopping) = (shell.now, shell.stopping);
    Incoming { head: machine.head(stream, request), request, peer, now, stopping }
}
