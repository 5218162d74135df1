//! The CUDA driver's library, opened when its first function is called. One binary so starts on
//! any machine: where there is no driver, every function says that there is no device.
//!
//! cust declares the driver's functions and expects the linker to find them. They are defined here
//! under the same names, as trampolines: look the name up, jump.
#![allow(unsafe_code)] // A C library's functions: their signatures are held to cust_raw's.

mod functions;

use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;

use cust_raw::CUresult;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// As the loader finds them: the driver's package has the first, development packages the second.
const NAMES: [&str; 2] = ["libcuda.so.1", "libcuda.so"];

static LIBRARY: OnceLock<Result<Library, CString>> = OnceLock::new();

/// Why there is no driver, for people; none where there is one.
pub(crate) fn missing() -> Option<&'static CStr> {
    library().err()
}

fn library() -> Result<&'static Library, &'static CStr> {
    let opened = LIBRARY.get_or_init(open);
    opened.as_ref().map_err(CString::as_c_str)
}

fn open() -> Result<Library, CString> {
    let mut reasons = Vec::new();
    for name in NAMES {
        // SAFETY: this runs the library's initialisers, as linking with it would. It is the driver
        // of whoever set this machine up, or what they put before it on the loader's path.
        match unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) } {
            Ok(library) => return Ok(library),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    let text = format!(
        "the driver's library cannot be opened ({})",
        reasons.join("; ")
    );
    Err(CString::new(text.replace('\0', " ")).expect("zeros are replaced"))
}

/// The address of a function, or what its callers are told instead.
fn address(name: &str) -> Result<usize, CUresult> {
    let library = library().map_err(|_| CUresult::CUDA_ERROR_NO_DEVICE)?;
    // SAFETY: only the address is taken; the trampoline that calls it states its type.
    let symbol = unsafe { library.get::<usize>(name.as_bytes()) };
    let symbol = symbol.map_err(|_| CUresult::CUDA_ERROR_NOT_FOUND)?;
    Ok(symbol.into_raw() as usize)
}

/// A driver newer than `cust_raw` has results that its enum does not.
fn folded(code: i32) -> CUresult {
    let mut known = functions::KNOWN.into_iter();
    known
        .find(|known| *known as i32 == code)
        .unwrap_or(CUresult::CUDA_ERROR_UNKNOWN)
}

macro_rules! trampolines {
    ($(fn $name:ident($($argument:ident: $type:ty),*);)*) => {
        $(
            /// Forwards to the driver's function of this name.
            // SAFETY: the name is the driver's and the signature that of its declaration.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($argument: $type),*) -> CUresult {
                static ADDRESS: std::sync::OnceLock<Result<usize, CUresult>> =
                    std::sync::OnceLock::new();
                let address = match ADDRESS.get_or_init(|| super::address(stringify!($name))) {
                    Ok(address) => *address,
                    Err(result) => return *result,
                };
                // The result is taken as the number that it is in C.
                let function: unsafe extern "C" fn($($type),*) -> i32 =
                    // SAFETY: the driver's function of this name has this signature.
                    unsafe { std::mem::transmute(address) };
                // SAFETY: the caller owes the driver what it owes this function.
                super::folded(unsafe { function($($argument),*) })
            }
            const _: unsafe extern "C" fn($($type),*) -> CUresult = cust_raw::$name;
        )*

        /// Names every trampoline, so that the linker finds them when it comes to cust.
        pub(super) fn keep() {
            $(std::hint::black_box($name as *const ());)*
        }
    };
}
use trampolines;

/// To be called before cust is used.
pub(crate) fn keep_trampolines() {
    functions::keep();
    std::hint::black_box(cuGetErrorString as *const ());
}

/// Always has an answer: cust's errors panic when they are printed and this fails.
// SAFETY: the name is the driver's and the signature that of its declaration.
#[unsafe(no_mangle)]
unsafe extern "C" fn cuGetErrorString(error: CUresult, text: *mut *const c_char) -> CUresult {
    const NO_TEXT: &CStr = c"the driver has no words for this result";
    let own = match (missing(), address("cuGetErrorString")) {
        (Some(why), _) => why,
        (None, Err(_)) => NO_TEXT,
        (None, Ok(address)) => {
            let function: unsafe extern "C" fn(CUresult, *mut *const c_char) -> i32 =
                // SAFETY: the driver's function of this name has this signature.
                unsafe { std::mem::transmute(address) };
            // SAFETY: the caller owes the driver what it owes this function.
            if unsafe { function(error, text) } == CUresult::CUDA_SUCCESS as i32
                // SAFETY: the caller's pointer may be written, so it may be read.
                && !unsafe { *text }.is_null()
            {
                return CUresult::CUDA_SUCCESS;
            }
            NO_TEXT
        }
    };
    // SAFETY: the caller gives a place for a pointer; the texts live as long as the program.
    unsafe { *text = own.as_ptr() };
    CUresult::CUDA_SUCCESS
}
const _: unsafe extern "C" fn(CUresult, *mut *const c_char) -> CUresult =
    cust_raw::cuGetErrorString;
