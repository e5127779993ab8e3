//! The servers: their names, configurations and arguments. Each has its fast settings: one worker,
//! sendfile, every cache of files that it has, no access log, keep-alive without a limit.

use std::path::Path;
use std::process::Command;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Wasmhttpd,
    /// nginx.
    Nginx,
    /// lighttpd.
    Lighttpd,
    /// h2o.
    H2o,
    /// Caddy.
    Caddy,
    /// static-web-server.
    StaticWebServer,
    /// A canned answer without a look at the request, see [`crate::floor`].
    Floor,
    /// `wasmtime serve`.
    Wasmtime,
}

impl Kind {
    /// Servers to compare with, where they are installed.
    pub const PEERS: [Kind; 5] =
        [Kind::Nginx, Kind::Lighttpd, Kind::H2o, Kind::Caddy, Kind::StaticWebServer];

    /// The name of the server, which is also that of its program.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wasmhttpd => "wasmhttpd",
            Kind::Nginx => "nginx",
            Kind::Lighttpd => "lighttpd",
            Kind::H2o => "h2o",
            Kind::Caddy => "caddy",
            Kind::StaticWebServer => "static-web-server",
            Kind::Floor => "floor",
            Kind::Wasmtime => "wasmtime",
        }
    }

    /// Whether it is one of those that the bars are ratios to.
    pub fn sets_bars(self) -> bool {
        matches!(self, Kind::Nginx | Kind::Lighttpd | Kind::H2o)
    }

    /// Open files that it needs for so many connections.
    pub fn descriptors(self, connections: usize) -> usize {
        match self {
            // It takes half as many connections.
            Kind::Lighttpd => 2 * connections,
            _ => connections,
        }
    }

    /// The name and template of its configuration file, if it has one.
    pub fn configuration(self) -> Option<(&'static str, &'static str)> {
        match self {
            Kind::Wasmhttpd => Some(("web.conf", include_str!("../../servers/web.conf"))),
            Kind::Nginx => Some(("nginx.conf", include_str!("../../servers/nginx.conf"))),
            Kind::Lighttpd => Some(("lighttpd.conf", include_str!("../../servers/lighttpd.conf"))),
            Kind::H2o => Some(("h2o.yaml", include_str!("../../servers/h2o.yaml"))),
            Kind::Caddy => Some(("Caddyfile", include_str!("../../servers/Caddyfile"))),
            Kind::StaticWebServer | Kind::Floor | Kind::Wasmtime => None,
        }
    }

    /// Adds the arguments that have the program read this configuration and stay in the foreground.
    pub fn configure(self, command: &mut Command, file: &Path) {
        match self {
            // By default it writes its files, and its first errors, where only root may write.
            Kind::Nginx => command.args(["-p", ".", "-e", "stderr", "-c"]),
            Kind::Lighttpd => command.arg("-D").arg("-f"),
            Kind::Caddy => {
                command.env("GOMAXPROCS", "1");
                command.args(["run", "--adapter", "caddyfile", "--config"])
            }
            _ => command.arg("-c"),
        };
        command.arg(file);
    }

    /// The arguments of a server without a configuration file.
    pub fn arguments(self) -> Vec<String> {
        let arguments: &[&str] = match self {
            Kind::StaticWebServer => &[
                "--host=127.0.0.1",
                "--port=@PORT@",
                "--root=@ROOT@",
                "--threads-multiplier=1",
                "--log-level=error",
                "--compression=false",
                "--cache-control-headers=false",
            ],
            _ => &[],
        };
        arguments.iter().map(ToString::to_string).collect()
    }

    /// The line that has it run as the user that started it. When root starts nginx or h2o, they
    /// become the user nobody by default, who cannot read a temporary folder.
    pub fn user_line(self) -> &'static str {
        match self {
            Kind::Nginx if rustix::process::geteuid().is_root() => "user root root;\n",
            Kind::H2o if rustix::process::geteuid().is_root() => "user: root\n",
            _ => "",
        }
    }
}
