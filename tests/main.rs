//! The server as its users and its enemies meet it: a process, sockets, files and signals.
//!
//! One file a behaviour. The `harness` starts the real binary on a site of its own for every test;
//! what the tests expect comes from the design, the RFCs and the faults that such a server has to
//! live with.

mod harness;

mod access_log;
mod adapters;
mod broken;
mod cases;
mod changes;
mod code_cache;
mod component;
mod compose;
mod conditional;
mod config;
mod configured;
mod contract;
mod control;
mod curl;
mod entries;
mod exports;
mod failing_calls;
mod files;
mod fleet;
mod framing;
mod fuzz_targets;
mod garbage;
mod holes;
mod hostile;
mod hostile_answers;
mod hostile_lookups;
mod http;
mod http_table;
mod invocation;
mod limits;
mod listing;
mod loading;
mod original;
mod parity;
mod persistence;
mod policy;
mod probation;
mod range_cases;
mod reader;
mod readme;
mod reference;
mod refusals;
mod rehearsal;
mod reload;
mod reload_listeners;
mod remembered;
mod sending;
mod shadow;
mod shadow_end;
mod shadow_failures;
mod signals;
mod sites;
mod splitting;
mod start;
mod stuck;
mod swap;
mod swap_load;
mod timeouts;
mod turned_out;
mod waiting;
mod watch;
