//! Memory: a bump allocator that a request leaves as it found it, and the rest of what a program
//! without std has to bring along (the feature `bare`).
//!
//! Memory is handed out upwards from a base. Nothing is kept of blocks but how many are live: when
//! none is, the next request starts at the base again. What the site keeps for good is allocated
//! before `Bump::seal`, which moves the base above it. What is live at the end of a call is its
//! answer, which nobody takes back: with the first argument of the next call all starts at the base
//! again. So a program may not keep what it allocates in a call, which the compiler cannot check:
//! [`KeepsNothing`] promises it.
#![allow(
    unsafe_code,
    reason = "an allocator hands out memory, and takes back what a program has promised to leave"
)]

#[cfg(any(test, all(target_family = "wasm", feature = "bare")))]
mod bump;

#[cfg(target_family = "wasm")]
pub(crate) use one_thread::OneThread;

#[cfg(all(target_family = "wasm", feature = "bare"))]
pub(crate) use wasm::seal;

#[cfg(all(target_family = "wasm", feature = "bare"))]
#[doc(hidden)]
pub use wasm::{begin_call, end_call};

/// A handler, or a rule, that keeps nothing of a call: with the feature `bare`, only such a handler
/// can be exported.
///
/// # Safety
///
/// What is allocated in a call of its functions, `configure` and `default` apart, is either gone
/// when the function returns or a part of what it returns: it is not in the handler, in a static or
/// leaked. The memory is handed out anew in the next call.
///
/// ```
/// use wasmhttpd_sdk::heap::KeepsNothing;
/// use wasmhttpd_sdk::{InFront, Rule, Site};
///
/// #[derive(Default)]
/// struct Quiet;
///
/// impl Rule for Quiet {}
///
/// // SAFETY: it allocates nothing at all.
/// unsafe impl KeepsNothing for Quiet {}
///
/// fn is_for_bare_guests<H: KeepsNothing>() {}
/// is_for_bare_guests::<InFront<Quiet, Site>>();
/// ```
pub unsafe trait KeepsNothing {}

// SAFETY: all that it changes in a call are buffers that `configure` or `default` has allocated,
// which never grow.
unsafe impl KeepsNothing for wasmhttpd_guest::site::Site {}

// SAFETY: it has nothing but the two.
unsafe impl<R: KeepsNothing, H: KeepsNothing> KeepsNothing for crate::InFront<R, H> {}

/// Nothing to do where memory is another allocator's.
#[cfg(all(target_family = "wasm", not(feature = "bare")))]
pub(crate) fn seal() {}

#[cfg(target_family = "wasm")]
mod one_thread {
    use core::ops::Deref;

    /// A static that is not shared, because there is nobody to share it with.
    pub struct OneThread<T>(T);

    // SAFETY: this module is compiled for wasm32 without the atomics feature only (asserted below):
    // the instance has one thread, so no reference crosses to another one.
    unsafe impl<T> Sync for OneThread<T> {}
    const _: () = assert!(cfg!(all(target_arch = "wasm32", not(target_feature = "atomics"))));

    impl<T> OneThread<T> {
        /// Wraps a value for a static.
        pub const fn new(value: T) -> Self {
            Self(value)
        }
    }

    impl<T> Deref for OneThread<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }
}

#[cfg(all(target_family = "wasm", feature = "bare"))]
mod wasm {
    use super::OneThread;
    use super::bump::Bump;
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32;
    use core::cell::Cell;
    use core::ptr;

    /// The size of a page of memory.
    const PAGE_OCTETS: usize = 65_536;

    static BUMP: OneThread<Bump> = OneThread::new(Bump::new());

    /// An answer is in memory that the host has had, or is about to have.
    static ANSWERED: OneThread<Cell<bool>> = OneThread::new(Cell::new(false));

    #[global_allocator]
    static HEAP: Heap = Heap;

    /// Keeps every block that is live now for good: what the site holds from request to request.
    pub fn seal() {
        BUMP.seal();
    }

    /// The answer of the last call is no longer needed: the host has made another call, whose first
    /// argument is about to be allocated or whose code begins.
    ///
    /// # Safety
    ///
    /// Nothing looks any more at what was live when [`end_call`] was last called.
    #[doc(hidden)]
    pub unsafe fn begin_call() {
        if ANSWERED.replace(false) {
            BUMP.reset();
        }
    }

    /// What is live now is the answer.
    ///
    /// # Safety
    ///
    /// Nothing looks any more at what is live now once the next call begins.
    #[doc(hidden)]
    pub unsafe fn end_call() {
        ANSWERED.set(true);
    }

    struct Heap;

    // SAFETY: the blocks that BUMP hands out lie between the end of the program's own data and
    // stack (`__heap_base`) and the end of memory, are aligned, and do not overlap a live one: it
    // moves upwards only, except back over the last block when that is released or resized, or to
    // the base when no block is live, or when a call begins: of the last answer, which the host has
    // had, nothing in this program is left that would look at it.
    unsafe impl GlobalAlloc for Heap {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match BUMP.allocate(layout.size(), layout.align(), |_| None) {
                Some(address) => ptr::with_exposed_provenance_mut(address),
                None => alloc_with_more(layout),
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            BUMP.release(block.addr(), layout.size());
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if BUMP.resize(block.addr(), layout.size(), size, grow) {
                return block;
            }
            // SAFETY: the caller vouches that `size`, rounded up to the alignment, does not
            // overflow `isize`, and the alignment is that of a layout.
            let new =
                unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
            if !new.is_null() {
                // SAFETY: the old block has `layout.size()` octets and the new one `size`; they do
                // not overlap, as both are live.
                unsafe { ptr::copy_nonoverlapping(block, new, layout.size().min(size)) };
                BUMP.release(block.addr(), layout.size());
            }
            new
        }
    }

    /// Allocates what there is not enough memory for. Apart from the usual way, which then is so
    /// little code that it is a part of whatever allocates.
    #[cold]
    #[inline(never)]
    fn alloc_with_more(layout: Layout) -> *mut u8 {
        if !BUMP.is_started() {
            start();
        }
        match BUMP.allocate(layout.size(), layout.align(), grow) {
            Some(address) => ptr::with_exposed_provenance_mut(address),
            None => ptr::null_mut(),
        }
    }

    /// Starts with what is left of the first pages behind the program's own data.
    fn start() {
        // SAFETY: the linker defines this symbol; only its address is used.
        unsafe extern "C" {
            static __heap_base: u8;
        }
        let base = (&raw const __heap_base).addr();
        BUMP.start(base, wasm32::memory_size::<0>() * PAGE_OCTETS);
    }

    /// Grows memory by whole pages, and by a quarter of what there is, since each time is a system
    /// call for the host; the end of memory then.
    #[cold]
    #[inline(never)]
    fn grow(octets: usize) -> Option<usize> {
        let pages = octets.div_ceil(PAGE_OCTETS).max(wasm32::memory_size::<0>() / 4);
        let before = wasm32::memory_grow::<0>(pages);
        (before != usize::MAX).then(|| wasm32::memory_size::<0>() * PAGE_OCTETS)
    }

    /// What the host allocates the arguments of a call with (the canonical ABI's `realloc`).
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`], where a size of 0 means that there is no block yet.
    // SAFETY: no other item of the program has this name.
    #[unsafe(export_name = "cabi_realloc")]
    unsafe extern "C" fn cabi_realloc(
        old: *mut u8,
        old_size: usize,
        align: usize,
        size: usize,
    ) -> *mut u8 {
        // SAFETY: the host, which allocates the arguments of a call, has had the answer of the last
        // one.
        unsafe { begin_call() };
        if old_size == 0 && size == 0 {
            return ptr::without_provenance_mut(align);
        }
        // SAFETY: the canonical ABI gives a power of two as the alignment, and no size that memory
        // does not hold.
        let layout = |size| unsafe { Layout::from_size_align_unchecked(size, align) };
        let block = if old_size == 0 {
            // SAFETY: the size is not 0.
            unsafe { HEAP.alloc(layout(size)) }
        } else {
            // SAFETY: the canonical ABI passes a block that it got from here, with its size.
            unsafe { HEAP.realloc(old, layout(old_size), size) }
        };
        if block.is_null() {
            wasm32::unreachable();
        }
        block
    }

    /// A panic is a bug of ours: the call traps, and the host throws the instance away.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        wasm32::unreachable()
    }

    // SAFETY: nothing is declared; libc is linked for `memcmp`, which the compiler calls.
    #[link(name = "c")]
    unsafe extern "C" {}
}
