//! The contract grows by versions (docs/contract.md): a host can bind two at once, and this one
//! takes guests that also have what it does not know.

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::harness::{Site, Tiny};

/// The contract as it is.
mod first {
    wasmtime::component::bindgen!({ path: "../wit", world: "guest" });
}

/// As it could become: `context` has one field more.
mod second {
    wasmtime::component::bindgen!({ path: "../tests/fixtures/versions", world: "guest" });
}

use second::exports::wasmhttpd::guest::handler as newest;

const FIRST: &str = "wasmhttpd:guest/handler@0.1.0";
const SECOND: &str = "wasmhttpd:guest/handler@0.2.0";

/// What a host of two versions makes of a guest. It speaks the newest to itself.
enum Guest {
    First(first::Guest),
    Second(second::Guest),
}

impl Guest {
    /// Binds the newest version that the component exports.
    fn bind(store: &mut Store<()>, component: &Component) -> Guest {
        let exports: Vec<String> = {
            let component_type = component.component_type();
            component_type.exports(store.engine()).map(|(name, _)| name.into()).collect()
        };
        let linker = Linker::new(store.engine());
        if exports.iter().any(|name| name == SECOND) {
            let guest = second::Guest::instantiate(store, component, &linker);
            Guest::Second(guest.expect("a guest of the second version"))
        } else {
            let guest = first::Guest::instantiate(store, component, &linker);
            Guest::First(guest.expect("a guest of the first version"))
        }
    }

    /// The candidates for a head, if the guest wants to look for any.
    fn candidates(
        &self,
        store: &mut Store<()>,
        head: &str,
        context: newest::Context,
    ) -> Vec<String> {
        match self {
            Guest::First(guest) => {
                use first::exports::wasmhttpd::guest::handler::{Action, Context, IpAddress};
                let newest::Context { peer, secure, now, port: _ } = context;
                let peer = match peer {
                    newest::IpAddress::Ipv4(address) => IpAddress::Ipv4(address),
                    newest::IpAddress::Ipv6(address) => IpAddress::Ipv6(address),
                };
                let handler = guest.wasmhttpd_guest_handler();
                let parsed = handler.call_parse(store, head, Some(Context { peer, secure, now }));
                match parsed.expect("an answer").action {
                    Action::LookUp(lookup) => lookup.candidates,
                    Action::Answer(_) => Vec::new(),
                }
            }
            Guest::Second(guest) => {
                let parsed = guest.wasmhttpd_guest_handler().call_parse(store, head, Some(context));
                match parsed.expect("an answer").action {
                    newest::Action::LookUp(lookup) => lookup.candidates,
                    newest::Action::Answer(_) => Vec::new(),
                }
            }
        }
    }
}

/// A guest of the first version: its component is written out, type by type, so that it stays what
/// it is whatever becomes of `wit/`.
fn of_first_version() -> Tiny {
    Tiny::new()
}

/// One of the second version, which traps unless it is told the port.
fn of_second_version() -> Tiny {
    // Each function that takes a context takes one parameter more.
    let context = "i64 i64 i32 i64";
    Tiny::new()
        .with("parse", "(if (i32.ne (local.get 8) (i32.const 8080)) (then (unreachable)))")
        .replacing(&format!("{context}) (result"), &format!("{context} i32) (result"))
        .replacing(r#"(field "now" u64)))"#, r#"(field "now" u64) (field "port" u16)))"#)
        .replacing(FIRST, SECOND)
}

/// One that has both.
fn of_both_versions() -> Vec<u8> {
    let inner = |tiny: Tiny, name: &str| {
        tiny.text().replacen("(component", &format!("(component {name}"), 1)
    };
    let text = format!(
        r#"(component
            {} {}
            (instance $a (instantiate $first))
            (instance $b (instantiate $second))
            (export "{FIRST}" (instance $a "{FIRST}"))
            (export "{SECOND}" (instance $b "{SECOND}")))"#,
        inner(of_first_version(), "$first"),
        inner(of_second_version(), "$second"),
    );
    wat::parse_str(text).expect("a component")
}

#[test]
fn a_host_binds_two_versions_of_the_contract() {
    let engine = Engine::default();
    let guests = [
        (of_first_version().component(), false),
        (of_second_version().component(), true),
        (of_both_versions(), true),
    ];
    for (number, (component, is_second)) in guests.into_iter().enumerate() {
        let component = Component::from_binary(&engine, &component).expect("a component");
        let mut store = Store::new(&engine, ());
        let guest = Guest::bind(&mut store, &component);
        assert_eq!(matches!(guest, Guest::Second(_)), is_second, "guest {number}");
        let peer = newest::IpAddress::Ipv4(0x7f00_0001);
        let context = newest::Context { peer, secure: false, now: 0, port: 8080 };
        let candidates = guest.candidates(&mut store, "GET / HTTP/1.1\r\n\r\n", context);
        assert_eq!(candidates, ["/index.html"], "guest {number}");
    }
}

/// Serves with this component, and asks it.
fn serves(component: Vec<u8>) {
    let site = Site::new().file("www/index.html", "front\n").file("guest.wasm", component);
    let server = site.serve("parameter guest guest.wasm");
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

#[test]
fn the_first_version_is_served_for_good() {
    serves(of_first_version().component());
}

#[test]
fn a_guest_may_have_later_versions_beside_the_first() {
    serves(of_both_versions());
}

/// 0.1.1 is 0.1.0 with more functions: the Component Model's rule for versions that are compatible.
#[test]
fn a_guest_may_have_functions_that_came_later() {
    let later = of_first_version().replacing(FIRST, "wasmhttpd:guest/handler@0.1.1").replacing(
        r#"(export "respond" (func $respond))"#,
        r#"(export "respond" (func $respond)) (export "configure-again" (func $configure))"#,
    );
    serves(later.component());
}

#[test]
fn a_guest_of_a_version_that_is_not_known_is_refused_by_its_name() {
    let site = Site::new()
        .file("www/index.html", "front\n")
        .file("guest.wasm", of_second_version().component());
    site.configure("parameter guest guest.wasm");
    site.run(&["-c", "web.conf"]).complains(1, &[SECOND, FIRST]);
}
