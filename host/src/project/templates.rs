//! What a project is made of: files of `host/templates`, of the examples, and of the SDK, each as
//! it is in the repository.

use super::Language;

/// A file of a project.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Below the project's folder.
    pub path: &'static str,
    /// Its content.
    pub text: &'static str,
    /// `{{name}}` and `{{version}}` stand for the project's name and the version of this program.
    pub is_template: bool,
}

impl File {
    /// Whether it is there to be run.
    pub fn is_program(&self) -> bool {
        self.text.starts_with("#!")
    }
}

/// A file of `host/templates`.
macro_rules! template {
    ($path:literal, $file:literal) => {
        File {
            path: $path,
            text: include_str!(concat!("../../templates/", $file)),
            is_template: true,
        }
    };
}

/// A file of elsewhere in the repository, as it is.
macro_rules! copy {
    ($path:literal, $file:literal) => {
        File { path: $path, text: include_str!(concat!("../../../", $file)), is_template: false }
    };
}

const COMMON: &[File] = &[template!("www/index.html", "common/www/index.html")];

const RUST: &[File] = &[
    template!(".gitignore", "rust/gitignore"),
    // Not by its own name: cargo would take it for a package of this repository.
    template!("Cargo.toml", "rust/Cargo.toml.txt"),
    template!("README.md", "rust/README.md"),
    template!("src/lib.rs", "rust/src/lib.rs"),
    template!("web.conf", "rust/web.conf"),
];

const PYTHON: &[File] = &[
    template!(".gitignore", "python/gitignore"),
    template!("README.md", "python/README.md"),
    template!("app.py", "python/app.py"),
    template!("build", "python/build"),
    template!("requirements.txt", "python/requirements.txt"),
    template!("test", "python/test"),
    template!("test_app.py", "python/test_app.py"),
    template!("web.conf", "python/web.conf"),
    copy!("small_site.py", "guest/examples/small-site/python/app.py"),
    copy!("wit/handler.wit", "wit/handler.wit"),
];

const JAVASCRIPT: &[File] = &[
    template!(".gitignore", "javascript/gitignore"),
    template!("README.md", "javascript/README.md"),
    template!("guest.js", "javascript/guest.js"),
    template!("guest.test.js", "javascript/guest.test.js"),
    template!("package-lock.json", "javascript/package-lock.json"),
    template!("package.json", "javascript/package.json"),
    template!("web.conf", "javascript/web.conf"),
    copy!("small-site.js", "guest/examples/small-site/javascript/small-site.js"),
    copy!("wit/handler.wit", "wit/handler.wit"),
];

/// The SDK and what it is made of, by paths in the repository; found by the build script.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The files of a project.
pub fn of(language: Language) -> impl Iterator<Item = File> {
    let (own, sdk) = match language {
        Language::Rust => (RUST, SDK),
        Language::Python => (PYTHON, &[][..]),
        Language::JavaScript => (JAVASCRIPT, &[][..]),
    };
    let sdk = sdk.iter().map(|&(path, text)| File { path, text, is_template: false });
    COMMON.iter().chain(own).copied().chain(sdk)
}

/// What builds, tests and serves a project, each to be typed in its folder.
pub fn steps(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rust => &[
            "cargo test",
            "rustup target add wasm32-wasip2",
            "cargo build --release --target wasm32-wasip2",
            "wasmhttpd",
        ],
        Language::Python => &["./build", "./test", "wasmhttpd"],
        Language::JavaScript => &["npm install", "npm run build", "npm test", "wasmhttpd"],
    }
}
