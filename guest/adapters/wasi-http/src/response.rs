//! An answer, handed to the host.
#![allow(unsafe_code, reason = "the functions that bindings export have names of their own")]

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use adapter::exchange::Answer;

use crate::request;

struct Adapter;

wasip2::http::proxy::export!(Adapter);

impl Guest for Adapter {
    fn handle(request: IncomingRequest, to_host: ResponseOutparam) {
        let answer = Answer::to(&request::head(&request), request::is_secure(&request));
        let response = OutgoingResponse::new(fields(&answer));
        response.set_status_code(answer.status).expect("a status that was checked");
        let body = response.body().expect("the first time that it is asked for");
        ResponseOutparam::set(to_host, Ok(response));

        // Content has been refused where the status forbids it.
        let is_head = matches!(request.method(), Method::Head);
        if !is_head && answer.content_length().is_some_and(|octets| octets > 0) {
            let mut output = body.write().expect("the first time that it is asked for");
            if let Err(error) = answer.send(&mut output) {
                // The body is dropped unfinished: the host ends the connection, so that nobody
                // takes what came for all of it.
                eprintln!("the answer was not sent to its end: {error}");
                return;
            }
        }
        // On HEAD some hosts complain that content is missing.
        let finished = OutgoingBody::finish(body, None);
        debug_assert!(is_head || finished.is_ok());
    }
}

/// The fields of an answer. A few names are the host's own, such as Proxy-Authenticate: it refuses
/// them, and they are left out.
fn fields(answer: &Answer) -> Fields {
    let fields = Fields::new();
    for (name, value) in &answer.fields {
        let _ = fields.append(name, value);
    }
    if let Some(octets) = answer.content_length() {
        let _ = fields.append("Content-Length", octets.to_string().as_bytes());
    }
    fields
}
