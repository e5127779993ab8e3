//! The README says what the code says.

use wasmhttpd::config::SETTINGS;
use wasmhttpd::startup;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_s_table_is_the_code_s() {
    let mut table = String::from("| parameter | value | default | |\n|---|---|---|---|\n");
    let mut row = |name: &str, value: &str, default: &str, summary: &str| {
        let (value, summary) = (value.replace('|', "\\|"), summary.replace('*', "\\*"));
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        table += &format!("| `{name}` | `{value}` | {default} | {summary} |\n");
    };
    for setting in SETTINGS {
        row(setting.name, setting.value, setting.default, setting.summary);
    }
    for setting in startup::embedded_guest_settings().expect("the built-in guest") {
        row(&setting.name, &setting.value, &setting.default, &setting.summary);
    }
    assert!(README.contains(&table), "the README's table should be:\n\n{table}");
}
