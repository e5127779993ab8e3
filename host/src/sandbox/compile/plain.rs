//! Components that are one core module and the types of its functions, and how the host gets at
//! that module.
//!
//! The Component Model's way into a guest costs nearly as much as what the guest does for a
//! request, and most of it is for what a guest without imports has not: other components, tasks,
//! resources. So the module of such a component is called directly ([`crate::sandbox::call`]).
//! wasmtime gives a module out only where a component exports it; a section at the end does that,
//! and costs no second compilation.
//!
//! A component is plain if it
//! * imports nothing,
//! * has one core module, instantiated once, with nothing,
//! * lifts four functions of that instance, with its memory and strings of UTF-8, and nothing more;
//!   what else is in it are types, and components that only name things.
//!
//! That the four are those of the contract follows once wasmtime has found the contract's exports:
//! they differ in their types, and there is nothing else that could be exported. What is not plain,
//! or not understood here, is called as the component that it is.

use std::borrow::Cow;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, Encoding, ExternalKind, Instance, Parser,
    Payload,
};

/// What the module is exported as.
pub const EXPORT: &str = "wasmhttpd-core-module";

/// Functions of the contract.
const FUNCTIONS: usize = 4;

/// What a component has more of is no longer looked at: it is read before a compiler's limits
/// protect the server.
const NAMES_MAX: usize = 64;
const DEPTH_MAX: usize = 16;

/// Names of what the module exports for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// The memory that values are handed over in.
    pub memory: String,
    /// What allocates in it (`cabi_realloc` of most).
    pub realloc: String,
    /// The functions of the contract, in no particular order.
    pub functions: Vec<Function>,
}

/// A function that is lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The function itself.
    pub name: String,
    /// What takes its answer back.
    pub post_return: Option<String>,
}

/// What is to be compiled for `component`: itself, or if it is plain, the same with its module
/// exported.
pub fn prepare(component: &[u8]) -> (Cow<'_, [u8]>, Option<Plain>) {
    match Plain::of(component) {
        Some(plain) => (Cow::Owned(with_module_exported(component)), Some(plain)),
        None => (Cow::Borrowed(component), None),
    }
}

/// The component with one section more, which exports its first core module.
fn with_module_exported(component: &[u8]) -> Vec<u8> {
    const EXPORT_SECTION: u8 = 11;
    // One export: a plain name, the sort of core modules, the index 0, without a type.
    let name = EXPORT.as_bytes();
    let section = [&[1, 0x00, name.len() as u8], name, &[0x00, 0x11, 0, 0]].concat();
    [component, &[EXPORT_SECTION, section.len() as u8], &section].concat()
}

impl Plain {
    /// None: `component` is not plain.
    pub fn of(component: &[u8]) -> Option<Plain> {
        let mut reader = Reader::default();
        for payload in Parser::new(0).parse_all(component) {
            reader.read(payload.ok()?)?;
        }
        reader.finish()
    }
}

/// What was read of a component. Its index spaces hold the names that their elements have in the
/// module.
#[derive(Default)]
struct Reader<'a> {
    /// What the sections that follow are of; the outermost first.
    inside: Vec<Encoding>,
    modules: usize,
    instances: usize,
    functions: Vec<&'a str>,
    memories: Vec<&'a str>,
    lifted: Vec<(u32, Box<[CanonicalOption]>)>,
}

impl<'a> Reader<'a> {
    /// None: this is in no plain component.
    fn read(&mut self, payload: Payload<'a>) -> Option<()> {
        match payload {
            Payload::Version { .. } if self.inside.len() == DEPTH_MAX => return None,
            Payload::Version { encoding, .. } => self.inside.push(encoding),
            Payload::End(_) => {
                self.inside.pop()?;
            }
            Payload::UnknownSection { .. } => return None,
            _ if self.inside.last() == Some(&Encoding::Module) => {}
            Payload::ComponentTypeSection(_)
            | Payload::CoreTypeSection(_)
            | Payload::ComponentSection { .. }
            | Payload::ComponentInstanceSection(_)
            | Payload::CustomSection(_) => {}
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    // Names that differ in the case of letters alone are the same to a validator.
                    let is_ours = export.ok()?.name.name.eq_ignore_ascii_case(EXPORT);
                    (!is_ours).then_some(())?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    self.alias(alias.ok()?);
                    at_most(NAMES_MAX, self.functions.len() + self.memories.len())?;
                }
            }
            // Of one inside, which has nothing but what it is given.
            Payload::ComponentImportSection(_) if self.inside.len() > 1 => {}
            _ if self.inside.len() > 1 => return None,
            Payload::ModuleSection { .. } => self.modules += 1,
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    match instance.ok()? {
                        Instance::Instantiate { module_index: 0, args } if args.is_empty() => {
                            self.instances += 1;
                        }
                        _ => return None,
                    }
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    let CanonicalFunction::Lift { core_func_index, options, .. } = function.ok()?
                    else {
                        return None;
                    };
                    self.lifted.push((core_func_index, options));
                    at_most(FUNCTIONS, self.lifted.len())?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn alias(&mut self, alias: ComponentAlias<'a>) {
        if let ComponentAlias::CoreInstanceExport { kind, name, .. } = alias {
            match kind {
                ExternalKind::Func | ExternalKind::FuncExact => self.functions.push(name),
                ExternalKind::Memory => self.memories.push(name),
                ExternalKind::Table | ExternalKind::Global | ExternalKind::Tag => {}
            }
        }
    }

    fn finish(self) -> Option<Plain> {
        let is_plain = self.inside.is_empty()
            && (self.modules, self.instances, self.lifted.len()) == (1, 1, FUNCTIONS);
        if !is_plain {
            return None;
        }
        let (mut memory, mut realloc) = (None, None);
        let mut functions = Vec::new();
        for (function, options) in &self.lifted {
            let mut post_return = None;
            for option in options {
                match *option {
                    CanonicalOption::UTF8 => {}
                    CanonicalOption::Memory(index) => {
                        the_same(&mut memory, self.memories.get(index as usize)?)?;
                    }
                    CanonicalOption::Realloc(index) => {
                        the_same(&mut realloc, self.functions.get(index as usize)?)?;
                    }
                    CanonicalOption::PostReturn(index) => {
                        post_return = Some((*self.functions.get(index as usize)?).to_owned());
                    }
                    _ => return None,
                }
            }
            let name = (*self.functions.get(*function as usize)?).to_owned();
            functions.push(Function { name, post_return });
        }
        Some(Plain { memory: memory?.to_owned(), realloc: realloc?.to_owned(), functions })
    }
}

/// None: there are more.
fn at_most(max: usize, count: usize) -> Option<()> {
    (count <= max).then_some(())
}

/// None: it is another one than before.
fn the_same<'a>(known: &mut Option<&'a str>, name: &'a str) -> Option<()> {
    (*known.get_or_insert(name) == name).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::embedded::EMBEDDED_GUEST;

    /// A component with the parts of a plain one, some of them as in `changes`.
    fn plain(changes: &[(&str, &str)]) -> Option<Plain> {
        let mut text = r#"(component
            (core module $m (memory (export "memory") 1) (memory (export "other") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                (func (export "f") (param i32 i32)) (func (export "p") (param i32)))
            (core instance $i (instantiate $m))
            (alias core export $i "f" (core func $f))
            (alias core export $i "memory" (core memory $memory))
            (alias core export $i "realloc" (core func $realloc))
            (type $t (func (param "a" string)))
            (func $a (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))
            (func $b (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))
            (func $c (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))
            (func $d (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))
            (component $names (import "a" (func $a (param "a" string))) (export "b" (func $a)))
            (instance (export "x") (instantiate $names (with "a" (func $a)))))"#
            .to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        Plain::of(&wat::parse_str(&text).expect("a component"))
    }

    #[test]
    fn the_default_guest_is_plain() {
        let (prepared, plain) = prepare(EMBEDDED_GUEST);
        let plain = plain.expect("a plain component");
        assert_eq!((&*plain.memory, &*plain.realloc), ("memory", "cabi_realloc"));
        assert!(plain.functions.iter().all(|function| function.post_return.is_none()));
        // Once is enough.
        assert_eq!(prepare(&prepared), (Cow::Borrowed(&*prepared), None));
    }

    #[test]
    fn what_has_more_to_it_is_not_plain() {
        assert!(plain(&[]).is_some());
        let last =
            "(func $d (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))";
        for changes in [
            [("(component\n", "(component (import \"i\" (func))\n")],
            [(
                "(core instance $i (instantiate $m))",
                "(core instance (instantiate $m)) (core instance $i (instantiate $m))",
            )],
            [(
                "(core instance $i (instantiate $m))",
                "(core module) (core instance $i (instantiate $m))",
            )],
            [(
                "(core instance $i (instantiate $m))",
                "(core module $x (import \"m\" \"memory\" (memory 1))) (core instance $i (instantiate $m)) (core instance (instantiate $x (with \"m\" (instance $i))))",
            )],
            [(last, "")],
            [(
                last,
                "(func (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc))) (func $d (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))",
            )],
            [(
                last,
                "(core func (canon lower (func $a) (memory $memory) (realloc $realloc))) (func $d (type $t) (canon lift (core func $f) (memory $memory) (realloc $realloc)))",
            )],
            [(
                last,
                "(func $d (type $t) (canon lift (core func $f) string-encoding=utf16 (memory $memory) (realloc $realloc)))",
            )],
            [(
                last,
                "(alias core export $i \"other\" (core memory $other)) (func $d (type $t) (canon lift (core func $f) (memory $other) (realloc $realloc)))",
            )],
            [("(component $names", "(component $names (core module)")],
            [("\"x\"", "\"wasmhttpd-core-module\"")],
            [("\"x\"", "\"WASMHTTPD-core-module\"")],
        ] {
            assert_eq!(plain(&changes), None, "{changes:?}");
        }
    }

    #[test]
    fn what_has_a_great_many_of_anything_is_not_looked_at_for_long() {
        let alias = "(alias core export $i \"f\" (core func $f))";
        let aliases = |count: usize| {
            let more = "(alias core export $i \"f\" (core func))".repeat(count);
            plain(&[(alias, &(alias.to_owned() + &more))])
        };
        assert!(aliases(NAMES_MAX - 3).is_some());
        assert_eq!(aliases(NAMES_MAX - 2), None);
        let nested = |depth: usize| {
            let inside = ["(component ".repeat(depth), ")".repeat(depth)].concat();
            plain(&[(alias, &(alias.to_owned() + &inside))])
        };
        assert!(nested(DEPTH_MAX - 1).is_some());
        assert_eq!(nested(DEPTH_MAX), None);
    }

    #[test]
    fn what_takes_an_answer_back_is_part_of_its_function() {
        let options = "(memory $memory) (realloc $realloc)";
        let with = format!("{options} (post-return (core func $p))");
        let alias = "(alias core export $i \"f\" (core func $f))";
        let aliases = format!("{alias} (alias core export $i \"p\" (core func $p))");
        let functions = plain(&[(options, &with), (alias, &aliases)]).expect("plain").functions;
        let taken: Vec<_> =
            functions.iter().map(|function| function.post_return.as_deref()).collect();
        assert_eq!(taken, [Some("p"), None, None, None]);
    }

    #[test]
    fn what_is_cut_short_is_not_plain() {
        for length in 0..EMBEDDED_GUEST.len() {
            if length < 5_000 || length % 97 == 0 || length + 5_000 > EMBEDDED_GUEST.len() {
                let plain = Plain::of(&EMBEDDED_GUEST[..length]);
                // Where a section ends, it is a whole component of less: all but the exports, say.
                assert!(plain.is_none() || length * 2 > EMBEDDED_GUEST.len(), "{length}");
            }
        }
    }
}
