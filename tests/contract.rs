//! The contract has its types twice: as the host's bindings have them and as the guest's library
//! has them. This moves values from one side to the other.

use wasmhttpd::sandbox::contract as host;
use wasmhttpd_guest::contract as guest;

pub fn configuration_to_host(configuration: &guest::Configuration) -> host::Configuration {
    let setting = |guest::Setting { line, name, value }: &guest::Setting| host::Setting {
        line: *line,
        name: name.clone(),
        value: value.clone(),
    };
    host::Configuration {
        media: configuration.media.iter().map(setting).collect(),
        parameters: configuration.parameters.iter().map(setting).collect(),
    }
}

pub fn context_to_host(context: guest::Context) -> host::Context {
    let guest::Context { peer, secure, now } = context;
    let peer = match peer {
        guest::IpAddress::Ipv4(address) => host::IpAddress::Ipv4(address),
        guest::IpAddress::Ipv6(address) => host::IpAddress::Ipv6(address),
    };
    host::Context { peer, secure, now }
}

pub fn found_to_host(found: &guest::Found) -> host::Found {
    match found {
        guest::Found::File(guest::File { candidate, size, modified, after }) => {
            host::Found::File(host::File {
                candidate: *candidate,
                size: *size,
                modified: datetime_to_host(*modified),
                after: after.map(trouble_to_host),
            })
        }
        guest::Found::Directory(guest::Listing { candidate, entries, complete }) => {
            host::Found::Directory(host::Listing {
                candidate: *candidate,
                entries: entries.iter().map(entry_to_host).collect(),
                complete: *complete,
            })
        }
        guest::Found::Nothing(trouble) => host::Found::Nothing(trouble_to_host(*trouble)),
    }
}

fn entry_to_host(entry: &guest::Entry) -> host::Entry {
    let guest::Entry { name, directory, size, modified } = entry;
    host::Entry {
        name: name.clone(),
        directory: *directory,
        size: *size,
        modified: datetime_to_host(*modified),
    }
}

fn datetime_to_host(datetime: guest::Datetime) -> host::Datetime {
    let guest::Datetime { seconds, nanoseconds } = datetime;
    host::Datetime { seconds, nanoseconds }
}

fn trouble_to_host(trouble: guest::Trouble) -> host::Trouble {
    match trouble {
        guest::Trouble::Missing => host::Trouble::Missing,
        guest::Trouble::Forbidden => host::Trouble::Forbidden,
        guest::Trouble::Failed => host::Trouble::Failed,
        guest::Trouble::Busy => host::Trouble::Busy,
    }
}

pub fn problem_to_guest(problem: host::Problem) -> guest::Problem {
    let host::Problem { line, reason } = problem;
    guest::Problem { line, reason }
}

pub fn setting_help_to_guest(help: host::SettingHelp) -> guest::SettingHelp {
    let host::SettingHelp { name, value, default, summary } = help;
    guest::SettingHelp { name, value, default, summary }
}

pub fn parsed_to_guest(parsed: host::Parsed) -> guest::Parsed {
    let host::Parsed { action, persistence } = parsed;
    guest::Parsed {
        action: match action {
            host::Action::LookUp(lookup) => guest::Action::LookUp(lookup_to_guest(lookup)),
            host::Action::Answer(response) => guest::Action::Answer(response_to_guest(response)),
        },
        persistence: match persistence {
            host::Persistence::KeepAlive(octets) => guest::Persistence::KeepAlive(octets),
            host::Persistence::Close => guest::Persistence::Close,
        },
    }
}

fn lookup_to_guest(lookup: host::Lookup) -> guest::Lookup {
    let host::Lookup { site, candidates, fallbacks, directories } = lookup;
    let fallback = |host::Fallback { after, path }| guest::Fallback {
        after: match after {
            host::Trouble::Missing => guest::Trouble::Missing,
            host::Trouble::Forbidden => guest::Trouble::Forbidden,
            host::Trouble::Failed => guest::Trouble::Failed,
            host::Trouble::Busy => guest::Trouble::Busy,
        },
        path,
    };
    guest::Lookup {
        site,
        candidates,
        fallbacks: fallbacks.into_iter().map(fallback).collect(),
        directories: match directories {
            host::Directories::Find => guest::Directories::Find,
            host::Directories::Read => guest::Directories::Read,
            host::Directories::Forbid => guest::Directories::Forbid,
        },
    }
}

pub fn response_to_guest(response: host::Response) -> guest::Response {
    let host::Response { status, fields, content } = response;
    let slice = |host::Slice { start, length }| guest::Slice { start, length };
    let content = match content {
        host::Content::Empty => guest::Content::Empty,
        host::Content::Text(text) => guest::Content::Text(text),
        host::Content::Octets(octets) => guest::Content::Octets(octets),
        host::Content::Slice(part) => guest::Content::Slice(slice(part)),
        host::Content::Parts(parts) => {
            let parts = parts.into_iter().map(|part| match part {
                host::Part::Text(text) => guest::Part::Text(text),
                host::Part::Slice(part) => guest::Part::Slice(slice(part)),
            });
            guest::Content::Parts(parts.collect())
        }
    };
    guest::Response { status, fields, content }
}
