//! The parameters that the host knows, each stated once: [`SETTINGS`] is made of them, and so are
//! the groups that hold their values.

use std::path::PathBuf;
use std::time::Duration;

use super::kinds::{
    AccessLog, Capture, Differences, GuestImports, Isolation, KeptIn, Listen, NamedFile,
};
use super::value::Value;
use super::{Scope, Setting, Settings, default};
use crate::config::GuestPlace;

/// Declares a group of settings: a struct of their values, which are the defaults at first, and
/// their entries in the table. An entry has the field and its type; its name, what its value looks
/// like, and its default as one would write it; one sentence; and the function that reads a value.
macro_rules! group {
    (
        #[doc = $about:literal]
        $group:ident as $place:ident of $scope:ident {
            $($field:ident: $type:ty =
                $name:literal $value:literal $default:literal $summary:literal $read:expr;)*
        }
    ) => {
        #[doc = $about]
        #[derive(Debug, Clone)]
        pub struct $group {
            $(#[doc = concat!("The parameter `", $name, "`.")] pub $field: $type,)*
        }

        impl Default for $group {
            fn default() -> $group {
                $group { $($field: default($default, $read),)* }
            }
        }

        impl $group {
            /// Their entries in the table.
            pub(super) const SETTINGS: &'static [Setting] = &[$(Setting {
                name: $name,
                value: $value,
                default: $default,
                summary: $summary,
                scope: Scope::$scope,
                apply: |settings: &mut Settings, value: &Value<'_>| {
                    let read: fn(&Value<'_>) -> Result<$type, String> = $read;
                    settings.$place.$field = read(value)?;
                    Ok(())
                },
            },)*];
        }
    };
}

group! {
    /// What is listened on, and by how many.
    ListenSettings as listen of Process {
        addresses: Vec<Listen> =
            "listen" "ADDRESS[:PORT]" "127.0.0.1:8080"
            "An address to serve on, such as 0.0.0.0:80 or [::1]:8080; may be given several times"
            |value| value.addresses();
        workers: usize =
            "workers" "N" "auto"
            "Threads that serve, 1 to 1024; auto: one for each core that the process may use"
            |value| value.workers();
    }
}

group! {
    /// How much a client may take, and for how long.
    LimitSettings as limits of Process {
        idle_timeout: Duration =
            "timeout" "SECONDS" "15"
            "An idle connection is closed after this time"
            |value| value.seconds();
        head_timeout: Duration =
            "head-timeout" "SECONDS" "10"
            "A request head must have arrived whole within this time of its first octet, and likewise request content that is skipped"
            |value| value.seconds();
        send_timeout: Duration =
            "send-timeout" "SECONDS" "30"
            "A client that takes no octet of an answer for this time is disconnected; a directory that is not read within it is answered 503"
            |value| value.seconds();
        drain: Duration =
            "drain" "SECONDS" "10"
            "After SIGTERM or SIGINT, what is in flight may take this time to finish"
            |value| value.seconds();
        connections: usize =
            "connections" "N" "16384"
            "Connections held at once, spread evenly over the workers; beyond its share a worker closes the one that has been idle longest"
            |value| value.number(1, 1_000_000);
        head_octets_max: usize =
            "head-limit" "SIZE" "16K"
            "Largest request head, 1K to 256K; a longer one is answered 431, or 414 if its first line is that long"
            |value| value.octets(1 << 10, 256 << 10);
    }
}

group! {
    /// What is known and kept of files.
    FileSettings as files of Process {
        listing_entries_max: usize =
            "listing-entries" "N" "10000"
            "Entries of a directory that the guest gets to know at most, 1 to 10000; no more than 10000 names are looked at"
            |value| value.number(1, 10_000);
        freshness_seconds: u64 =
            "file-freshness" "SECONDS" "1"
            "For so long what a path leads to is taken to be so still, in whole seconds up to 3600; 0: the file system is asked for every request"
            |value| value.count(0, 3600);
        cache_octets: usize =
            "file-cache" "SIZE" "64M"
            "Memory for contents of files up to 32K and for paths that lead nowhere, spread evenly over the workers, up to 64G; 0: nothing is kept, and no file is kept open"
            |value| value.octets(0, 64 << 30);
    }
}

group! {
    /// What every response carries.
    ResponseSettings as responses of Process {
        server_name: String =
            "server-name" "TEXT" "wasmhttpd"
            "The Server field of every answer"
            |value| value.field_value();
    }
}

group! {
    /// Where requests are logged.
    LogSettings as log of Process {
        access_log: Option<AccessLog> =
            "access-log" "FILE" ""
            "Where a line for each response goes, in common log format; - is standard output; SIGUSR1 reopens the file"
            |value| value.access_log();
    }
}

group! {
    /// How the server is spoken to while it serves.
    ControlSettings as control of Process {
        socket: Option<PathBuf> =
            "control" "FILE" ""
            "A socket for `wasmhttpd ctl`, which only the server's user may use"
            |value| value.path();
    }
}

group! {
    /// Which guest serves, and what it may do.
    GuestSettings as guest of Site {
        place: Option<GuestPlace> =
            "guest" "FILE|oci://REGISTRY/NAME[:TAG][@DIGEST]" ""
            "The component that handles requests, in a file or a registry; without it, the one built in"
            |value| value.guest();
        watch: bool =
            "watch" "on|off" "on"
            "Whether the guest is replaced when its file changes"
            |value| value.on_off();
        imports: GuestImports =
            "guest-imports" "wasi|none" "wasi"
            "What a guest may import: WASI with nothing behind it, or nothing at all"
            |value| value.choice(&[("wasi", GuestImports::Wasi), ("none", GuestImports::None)]);
        deadline: Duration =
            "guest-deadline" "MILLISECONDS" "20"
            "A call of the guest that takes longer is ended, and its request answered 500; one that is given a directory has as much again for every 500 entries"
            |value| value.milliseconds(2, 60_000);
        memory_octets: usize =
            "guest-memory" "SIZE" "64M"
            "Memory that an instance of the guest may use, 1M to 4G"
            |value| value.octets(1 << 20, 4 << 30);
        isolation: Isolation =
            "isolation" "worker|request" "worker"
            "Whether an instance of the guest serves all requests of a worker, or each request gets a fresh one"
            |value| value.choice(&[("worker", Isolation::Worker), ("request", Isolation::Request)]);
        recycle_after: u64 =
            "recycle-after" "N" "100000"
            "An instance of the guest is replaced after this many requests; 0: never"
            |value| value.count(0, usize::MAX);
        capture: Capture =
            "capture" "masked|whole|off" "masked"
            "How the log shows calls that failed, to be repeated by hand: without the values of fields that carry credentials, as they were, or not at all"
            |value| value.choice(&[("masked", Capture::Masked), ("whole", Capture::Whole), ("off", Capture::Off)]);
    }
}

group! {
    /// How guests are had from registries.
    RegistrySettings as registry of Process {
        poll: Duration =
            "guest-poll" "SECONDS" "0"
            "How often a registry is asked whether the guest's tag has moved, to replace the guest then; 0: never"
            |value| value.seconds_or_none();
        pull_timeout: Duration =
            "pull-timeout" "SECONDS" "60"
            "Longest time to get a guest from a registry"
            |value| value.seconds();
        credentials: Option<NamedFile> =
            "registry-credentials" "FILE" ""
            "Names and passwords for registries, as `docker login` writes them to its config.json"
            |value| value.named_file();
        cache: KeptIn =
            "guest-cache" "FOLDER|off" ""
            "Where guests from registries are kept, below the user's folder for caches unless it is named; nobody else may write to it"
            |value| value.kept_in();
    }
}

group! {
    /// What compiling a guest may take.
    CompileSettings as compile of Process {
        timeout: Duration =
            "compile-timeout" "SECONDS" "60"
            "Processor time that compiling a guest may take; by the clock, ten times as long"
            |value| value.seconds();
        memory_octets: usize =
            "compile-memory" "SIZE" "2G"
            "Memory that compiling a guest may take, 64M to 64G"
            |value| value.octets(64 << 20, 64 << 30);
        cache: KeptIn =
            "code-cache" "FOLDER|off" ""
            "Where compiled guests are kept, below the user's folder for caches unless it is named; nobody else may write to it"
            |value| value.kept_in();
    }
}

group! {
    /// How a guest is replaced while it serves.
    SwapSettings as swap of Site {
        rehearsed_requests: usize =
            "rehearse" "N" "128"
            "Requests that each worker remembers, up to 10000, for a new guest to answer before it serves; 0: only those that are built in"
            |value| value.number(0, 10_000);
        differences: Differences =
            "swap-differences" "allow|refuse" "allow"
            "Whether a new guest may answer a rehearsed request otherwise than the serving one"
            |value| value.choice(&[("allow", Differences::Allow), ("refuse", Differences::Refuse)]);
        probation: Duration =
            "probation" "SECONDS" "30"
            "For this time, failures of a new guest bring the previous one back; 0: never, for sites whose new guest closes a hole"
            |value| value.seconds_or_none();
        probation_clients: usize =
            "probation-clients" "N" "3"
            "So many clients, by their address, have to meet a failure of a guest on probation; 1 behind a proxy"
            |value| value.number(1, 1000);
        retry: bool =
            "swap-retry" "on|off" "off"
            "Whether a request that a guest on probation failed to answer is answered by the previous one, and so by the old rules"
            |value| value.on_off();
    }
}
