//! Calls of a plain component's module ([`plain`]), without the Component Model in between.
//!
//! What wasmtime does for a call of a component is done here, in the same order: the arguments that
//! are strings and lists are put into memory that the guest allocates, the function is called, its
//! answer is read ([`super::canonical`]), and given back where the guest wants it back. Limits and
//! deadlines are those of the store, as in any call.
//!
//! [`plain`]: crate::sandbox::compile::plain

use wasmtime::{
    ExternType, InstancePre, Linker, Memory, Module, ModuleExport, Store, TypedFunc, WasmParams,
};

use super::canonical::{self, Lift, Lower, Placed, malformed};
use super::state::{ANSWER_OCTETS_MAX, State};
use crate::sandbox::bindings::contract::{
    Configuration, Context, Found, IpAddress, Parsed, Problem, Response,
};
use crate::sandbox::compile::plain::Plain;
use crate::sandbox::error::GuestError;

/// Parameters of the module's functions, as the canonical ABI makes them of the contract's: a
/// string or list is an address and a length, and the cases of a variant share what they can.
type Configure = (u32, u32, u32, u32);
type Parse = (u32, u32, u32, u32, u64, u64, u32, u64);
type Respond = (u32, u32, u32, u32, u64, u64, u32, u32, u32, u32, u32, u64, u64, u32, u64);
type Realloc = (u32, u32, u32, u32);

/// What instances of a module are made of.
pub struct DirectPre {
    instance: InstancePre<State>,
    memory: ModuleExport,
    realloc: ModuleExport,
    configure: FunctionPre,
    parse: FunctionPre,
    respond: FunctionPre,
}

struct FunctionPre {
    function: ModuleExport,
    post_return: Option<ModuleExport>,
}

impl DirectPre {
    /// None: it is not what it seemed to be, and has to be called as a component.
    pub fn new(module: &Module, plain: &Plain) -> Option<DirectPre> {
        let export = |name: &str| module.get_export_index(name);
        // They differ in how many parameters they have.
        let function = |parameters: usize| {
            let function = plain.functions.iter().find(|function| {
                let kind = module.get_export(&function.name);
                matches!(kind, Some(ExternType::Func(kind)) if kind.params().len() == parameters)
            })?;
            let post_return = match &function.post_return {
                Some(name) => Some(export(name)?),
                None => None,
            };
            Some(FunctionPre { function: export(&function.name)?, post_return })
        };
        Some(DirectPre {
            instance: Linker::new(module.engine()).instantiate_pre(module).ok()?,
            memory: export(&plain.memory)?,
            realloc: export(&plain.realloc)?,
            configure: function(4)?,
            parse: function(8)?,
            respond: function(15)?,
        })
    }

    /// Makes an instance.
    pub fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Direct> {
        let instance = self.instance.instantiate(&mut *store)?;
        let memory = instance.get_module_export(&mut *store, &self.memory);
        let memory = memory.and_then(wasmtime::Extern::into_memory).ok_or_else(missing)?;
        Ok(Direct {
            memory,
            realloc: function(&instance, store, &self.realloc)?,
            configure: self.configure.of(&instance, store)?,
            parse: self.parse.of(&instance, store)?,
            respond: self.respond.of(&instance, store)?,
        })
    }
}

impl FunctionPre {
    fn of<P: WasmParams>(
        &self,
        instance: &wasmtime::Instance,
        store: &mut Store<State>,
    ) -> wasmtime::Result<Function<P>> {
        let post_return = self.post_return.as_ref();
        let post_return =
            post_return.map(|export| function(instance, store, export)).transpose()?;
        Ok(Function { function: function(instance, store, &self.function)?, post_return })
    }
}

fn function<P: WasmParams, R: wasmtime::WasmResults>(
    instance: &wasmtime::Instance,
    store: &mut Store<State>,
    export: &ModuleExport,
) -> wasmtime::Result<TypedFunc<P, R>> {
    let function = instance.get_module_export(&mut *store, export);
    function.and_then(wasmtime::Extern::into_func).ok_or_else(missing)?.typed(store)
}

fn missing() -> wasmtime::Error {
    wasmtime::format_err!("an export of another kind than the component said")
}

/// An instance of a module, and its functions.
pub struct Direct {
    memory: Memory,
    realloc: TypedFunc<Realloc, u32>,
    configure: Function<Configure>,
    parse: Function<Parse>,
    respond: Function<Respond>,
}

/// A function that returns the address of its answer.
struct Function<P> {
    function: TypedFunc<P, u32>,
    /// Takes the answer back.
    post_return: Option<TypedFunc<u32, ()>>,
}

impl Direct {
    /// Calls `configure`.
    pub fn configure(
        &self,
        store: &mut Store<State>,
        configuration: &Configuration,
    ) -> Result<Result<(), Vec<Problem>>, GuestError> {
        let media = self.place_list(store, &configuration.media)?;
        let parameters = self.place_list(store, &configuration.parameters)?;
        let arguments = (media.address, media.length, parameters.address, parameters.length);
        self.call(store, &self.configure, arguments)
    }

    /// Calls `parse`.
    pub fn parse(
        &self,
        store: &mut Store<State>,
        head: &str,
        context: Option<Context>,
    ) -> Result<Parsed, GuestError> {
        let head = self.place(store, head)?;
        let (some, kind, upper, lower, secure, now) = flat_context(context);
        let arguments = (head.address, head.length, some, kind, upper, lower, secure, now);
        self.call(store, &self.parse, arguments)
    }

    /// Calls `respond`.
    pub fn respond(
        &self,
        store: &mut Store<State>,
        head: &str,
        found: &Found,
        context: Option<Context>,
    ) -> Result<Response, GuestError> {
        let head = self.place(store, head)?;
        let (case, a, b, c, d, e, f) = match found {
            Found::File(file) => {
                let (some, after) = file.after.map_or((0, 0), |after| (1, after as u32));
                let modified = file.modified;
                let (seconds, nanoseconds) = (modified.seconds, modified.nanoseconds);
                (0, file.candidate, file.size, seconds, nanoseconds, some, after)
            }
            Found::Directory(listing) => {
                let entries = self.place_list(store, &listing.entries)?;
                let (address, length) = (entries.address.into(), entries.length.into());
                (1, listing.candidate, address, length, u32::from(listing.complete), 0, 0)
            }
            Found::Nothing(trouble) => (2, *trouble as u32, 0, 0, 0, 0, 0),
        };
        let (some, kind, upper, lower, secure, now) = flat_context(context);
        let arguments = (
            head.address,
            head.length,
            case,
            a,
            b,
            c,
            d,
            e,
            f,
            some,
            kind,
            upper,
            lower,
            secure,
            now,
        );
        self.call(store, &self.respond, arguments)
    }

    fn call<P: WasmParams, T: Lift>(
        &self,
        store: &mut Store<State>,
        function: &Function<P>,
        arguments: P,
    ) -> Result<T, GuestError> {
        let answer = function.function.call(&mut *store, arguments)?;
        let mut memory = canonical::Memory::new(self.memory.data(&*store), ANSWER_OCTETS_MAX);
        let value = memory.read(answer)?;
        if let Some(post_return) = &function.post_return {
            post_return.call(store, answer)?;
        }
        Ok(value)
    }

    /// Puts a string into memory that the guest allocates.
    fn place(&self, store: &mut Store<State>, text: &str) -> Result<Placed, GuestError> {
        let placed = self.allocate(store, text.len(), 1)?;
        self.octets(store, placed.address, text.len())?.copy_from_slice(text.as_bytes());
        Ok(placed)
    }

    /// Puts a list into memory that the guest allocates: first all elements, then what they refer
    /// to.
    fn place_list<T: Lower>(
        &self,
        store: &mut Store<State>,
        list: &[T],
    ) -> Result<Placed, GuestError> {
        let mut elements = vec![0; list.len() * T::SIZE];
        let placed = self.allocate(store, elements.len(), T::ALIGN as u32)?;
        self.octets(store, placed.address, elements.len())?;
        for (element, octets) in list.iter().zip(elements.chunks_exact_mut(T::SIZE)) {
            element.lower(octets, |text| self.place(store, text))?;
        }
        self.octets(store, placed.address, elements.len())?.copy_from_slice(&elements);
        Ok(Placed { length: list.len() as u32, ..placed })
    }

    /// Has the guest allocate; whether it did so inside of its memory is not looked at yet.
    fn allocate(
        &self,
        store: &mut Store<State>,
        octets: usize,
        align: u32,
    ) -> Result<Placed, GuestError> {
        let length =
            u32::try_from(octets).map_err(|_| malformed("an argument that is too long"))?;
        let address = self.realloc.call(&mut *store, (0, 0, align, length))?;
        if !address.is_multiple_of(align) {
            return Err(malformed("memory for an argument that is not aligned").into());
        }
        Ok(Placed { address, length })
    }

    /// The memory at `address`, to be written to.
    fn octets<'a>(
        &self,
        store: &'a mut Store<State>,
        address: u32,
        length: usize,
    ) -> Result<&'a mut [u8], GuestError> {
        let memory = self.memory.data_mut(store);
        let octets = memory.get_mut(address as usize..).and_then(|rest| rest.get_mut(..length));
        octets.ok_or_else(|| malformed("memory for an argument outside of memory").into())
    }
}

/// An `option<context>`: whether there is one, the kind of address and the address, and the rest.
fn flat_context(context: Option<Context>) -> (u32, u32, u64, u64, u32, u64) {
    let Some(Context { peer, secure, now }) = context else { return (0, 0, 0, 0, 0, 0) };
    let (kind, upper, lower) = match peer {
        IpAddress::Ipv4(bits) => (0, bits.into(), 0),
        IpAddress::Ipv6((upper, lower)) => (1, upper, lower),
    };
    (1, kind, upper, lower, secure.into(), now)
}

#[cfg(test)]
mod tests;
