//! Says that the site is closed and when it is back: 503 with Retry-After and a page, for everybody
//! but some addresses, and for every path but some.

use std::net::{IpAddr, Ipv6Addr};

use wasmhttpd_sdk::parameters::{self, Parameters};
use wasmhttpd_sdk::{Context, Pattern, Request, Response, Rule, SettingHelp, Verdict};

/// When a client may try again, in seconds, unless web.conf says otherwise.
const RETRY_SECONDS: u64 = 600;

/// The longest time that may be told.
const RETRY_SECONDS_MAX: u64 = 30 * 24 * 60 * 60;

/// What a person reads, unless web.conf says otherwise.
const TEXT: &str = "The site is being worked on. Please come back soon.";

/// Closed, by default for everybody.
#[derive(Debug)]
pub struct Maintenance {
    is_closed: bool,
    retry_seconds: u64,
    text: String,
    allowed: Vec<Network>,
    open: Vec<Pattern>,
}

#[cfg(not(feature = "middleware"))]
wasmhttpd_sdk::guest!(Maintenance);
#[cfg(feature = "middleware")]
wasmhttpd_sdk::middleware!(Maintenance);

impl Default for Maintenance {
    fn default() -> Self {
        Self {
            is_closed: true,
            retry_seconds: RETRY_SECONDS,
            text: TEXT.into(),
            allowed: Vec::new(),
            open: Vec::new(),
        }
    }
}

impl Rule for Maintenance {
    fn settings() -> Vec<SettingHelp> {
        let setting = SettingHelp::new;
        vec![
            setting("maintenance", "on|off", "on", "Whether the site is closed"),
            setting(
                "maintenance-retry",
                "SECONDS",
                "600",
                "When clients may try again, up to 30 days",
            ),
            setting("maintenance-text", "TEXT", TEXT, "What a person reads"),
            setting(
                "maintenance-allow",
                "ADDRESS[/BITS]",
                "",
                "Clients for whom the site is open, such as 192.0.2.7 or 2001:db8::/32; a line for each",
            ),
            setting(
                "maintenance-open",
                "PATTERN",
                "",
                "Paths that stay open, such as /status/*; a line for each",
            ),
        ]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let retry = parameters::number(1..=RETRY_SECONDS_MAX);
        Self {
            is_closed: parameters.last("maintenance", parameters::switch).unwrap_or(true),
            retry_seconds: parameters.last("maintenance-retry", retry).unwrap_or(RETRY_SECONDS),
            text: parameters.last("maintenance-text", parameters::text).unwrap_or(TEXT.into()),
            allowed: parameters.all("maintenance-allow", Network::read),
            open: parameters.all("maintenance-open", parameters::pattern),
        }
    }

    fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
        let is_allowed = |context: Context| {
            let address = context.peer.into();
            self.allowed.iter().any(|network| network.contains(address))
        };
        let is_open = !self.is_closed
            || self.open.iter().any(|pattern| pattern.covers(request.path()))
            || context.is_some_and(is_allowed);
        if is_open { Verdict::Pass } else { Verdict::Answer(self.closed()) }
    }
}

impl Maintenance {
    fn closed(&self) -> Response {
        Response::page(503, "Closed for maintenance", &self.text)
            .with("Retry-After", &self.retry_seconds.to_string())
            .with("Cache-Control", "no-store")
    }
}

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: u128,
    bits: u32,
}

impl Network {
    /// Reads `ADDRESS[/BITS]`.
    fn read(value: &str) -> Result<Self, String> {
        let wrong =
            || format!("\"{value}\" is no address (try 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32)");
        let (address, bits) = value.split_once('/').unwrap_or((value, ""));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = if value.contains('/') { bits.parse().map_err(|_| wrong())? } else { bits_max };
        if bits > bits_max {
            return Err(wrong());
        }
        let network = Self { address: number(address), bits: bits + 128 - bits_max };
        if network.address & !network.mask() != 0 {
            return Err(format!("\"{value}\" has bits behind the first {bits} (try zeros there)"));
        }
        Ok(network)
    }

    fn contains(self, address: IpAddr) -> bool {
        number(address) & self.mask() == self.address
    }

    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - self.bits).unwrap_or(0)
    }
}

/// An address as a number; one of IPv4 as it is mapped into IPv6, which is how a socket for both
/// tells it.
fn number(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmhttpd_sdk::IpAddress;
    use wasmhttpd_sdk::testing::Server;

    fn server(parameters: &[(&str, &str)]) -> Server<Maintenance> {
        let server = Server::new(parameters).expect("sound parameters");
        server.with_file("/index.html", 1).with_file("/status/ok.txt", 2)
    }

    #[test]
    fn the_site_is_closed_and_says_when_it_is_back() {
        let mut server = server(&[("maintenance-retry", "60"), ("maintenance-text", "At <noon>.")]);
        for target in ["/", "/missing", "/status/ok.txt"] {
            let answer = server.get(target);
            assert_eq!((answer.status, answer.field("Retry-After")), (503, Some("60")));
            assert_eq!(answer.field("Cache-Control"), Some("no-store"));
            assert!(format!("{answer:?}").contains("At &lt;noon&gt;."), "{answer:?}");
        }
        assert_eq!(server.ask("POST / HTTP/1.1\r\nHost: a\r\n\r\n").status, 503);
    }

    #[test]
    fn some_paths_and_some_addresses_stay_open() {
        let mut server = server(&[
            ("maintenance-open", "/status/*"),
            ("maintenance-allow", "192.0.2.0/24"),
            ("maintenance-allow", "2001:db8::1"),
        ]);
        assert_eq!(server.get("/status/ok.txt").status, 200);
        let mapped = IpAddress::Ipv6((0, 0xffff_c000_02ff));
        for (peer, status) in [
            (IpAddress::Ipv4(0xc000_0200), 200),
            (IpAddress::Ipv4(0xc000_02ff), 200),
            (IpAddress::Ipv4(0xc000_0300), 503),
            (IpAddress::Ipv4(0xc000_01ff), 503),
            (mapped, 200),
            (IpAddress::Ipv6((0x2001_0db8_0000_0000, 1)), 200),
            (IpAddress::Ipv6((0x2001_0db8_0000_0000, 2)), 503),
        ] {
            server.set_peer(peer);
            assert_eq!(server.get("/").status, status, "{peer:?}");
        }
        // Called by hand, nobody knows who asks.
        server.set_context(None);
        assert_eq!(server.get("/").status, 503);
    }

    #[test]
    fn off_is_off_and_the_default_is_on() {
        assert_eq!(server(&[("maintenance", "off")]).get("/").status, 200);
        assert!(Maintenance::default().is_closed);
        let mut everybody = server(&[("maintenance-allow", "0.0.0.0/0")]);
        assert_eq!(everybody.get("/").status, 200);
    }

    #[test]
    fn what_is_wrong_is_complained_about() {
        for (name, value) in [
            ("maintenance", "yes"),
            ("maintenance-retry", "0"),
            ("maintenance-retry", "2592001"),
            ("maintenance-text", ""),
            ("maintenance-allow", "localhost"),
            ("maintenance-allow", "192.0.2.0/33"),
            ("maintenance-allow", "192.0.2.0/"),
            ("maintenance-allow", "192.0.2.1/24"),
            ("maintenance-open", "status"),
        ] {
            let problems = Server::<Maintenance>::problems(&[("index", "a.html"), (name, value)]);
            assert_eq!((problems.len(), problems[0].0), (1, 2), "{problems:?}");
        }
    }
}
