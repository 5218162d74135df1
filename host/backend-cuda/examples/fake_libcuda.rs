//! A stand-in for the CUDA driver, for tests: the functions that cust calls on the backend's way,
//! with the kernels run as plain C++ in this process. Tests put the library it compiles to into a
//! folder as `libcuda.so.1`; nothing ever links it.
//!
//! The file that `TUTTI_FAKE_CUDA` names says what is to go wrong, one fault a line; it is read
//! at each call, so that a fault can begin and end while a worker runs.
//!
//! Soundness of every block here: pointers are the caller's, who owes this library what it owes
//! the driver's function of the same name; memory of the device is memory of this process, and
//! ranges of it are looked up before they are touched.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)] // It defines a C library.
#![allow(clippy::missing_safety_doc)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

const SUCCESS: i32 = 0;
const INVALID_VALUE: i32 = 1;
const OUT_OF_MEMORY: i32 = 2;
const NO_DEVICE: i32 = 100;
const INVALID_IMAGE: i32 = 200;
const NOT_FOUND: i32 = 500;

/// The context is poisoned with this result once a launch failed.
static STICKY: AtomicI32 = AtomicI32::new(SUCCESS);
/// Memory given out: start to length.
static MEMORY: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());
/// Words read back so far, which decides which of them are wrong.
static WORDS_READ: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Faults {
    lines: Vec<Vec<String>>,
}

impl Faults {
    fn now() -> Self {
        let text =
            std::env::var_os("TUTTI_FAKE_CUDA").and_then(|path| std::fs::read_to_string(path).ok());
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        Self {
            lines: text.unwrap_or_default().lines().map(words).collect(),
        }
    }

    fn has(&self, fault: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.first().is_some_and(|word| word == fault))
    }

    fn number(&self, fault: &str) -> Option<u64> {
        let line = self
            .lines
            .iter()
            .find(|line| line.first().is_some_and(|word| word == fault))?;
        line.get(1)?.parse().ok()
    }

    /// Whether this befalls an entry point: `fault` alone means all of them.
    fn befalls(&self, fault: &str, entry: &str) -> bool {
        self.lines.iter().any(|line| {
            line.first().is_some_and(|word| word == fault)
                && line.get(1).is_none_or(|which| entry.contains(&**which))
        })
    }
}

macro_rules! sound {
    () => {
        match STICKY.load(Ordering::SeqCst) {
            SUCCESS => {}
            sticky => return sticky,
        }
    };
}

unsafe fn put<T>(to: *mut T, value: T) -> i32 {
    // SAFETY: the driver's callers give places for what they ask.
    unsafe { to.write(value) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn cuInit(_flags: c_uint) -> i32 {
    if Faults::now().has("no-device") {
        NO_DEVICE
    } else {
        SUCCESS
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> i32 {
    let version_now = Faults::now().number("driver").unwrap_or(13_000);
    unsafe { put(version, version_now as c_int) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuGetErrorString(error: i32, text: *mut *const c_char) -> i32 {
    let words = match error {
        OUT_OF_MEMORY => c"out of memory",
        NO_DEVICE => c"no CUDA-capable device is detected",
        719 => c"unspecified launch failure",
        _ => return INVALID_VALUE,
    };
    unsafe { put(text, words.as_ptr()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> i32 {
    let devices = Faults::now().number("devices").unwrap_or(1);
    unsafe { put(count, devices as c_int) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceGet(device: *mut c_int, _ordinal: c_int) -> i32 {
    unsafe { put(device, 0) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceGetName(name: *mut c_char, length: c_int, _device: c_int) -> i32 {
    let text = b"fake device\0";
    for (at, byte) in text.iter().take(length as usize).enumerate() {
        unsafe { name.add(at).write(*byte as c_char) };
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceGetAttribute(
    value: *mut c_int,
    attribute: c_int,
    _device: c_int,
) -> i32 {
    // 75 and 76 are the compute capability, 16 the multiprocessors.
    let answer = match attribute {
        75 => 9,
        76 => 0,
        16 => 1,
        _ => return INVALID_VALUE,
    };
    unsafe { put(value, answer) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDeviceTotalMem_v2(bytes: *mut usize, _device: c_int) -> i32 {
    let memory = Faults::now().number("memory").unwrap_or(1 << 30);
    unsafe { put(bytes, memory as usize) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuDevicePrimaryCtxRetain(
    context: *mut *mut c_void,
    _device: c_int,
) -> i32 {
    unsafe { put(context, std::ptr::dangling_mut()) }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuDevicePrimaryCtxRelease_v2(_device: c_int) -> i32 {
    SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn cuCtxSetCurrent(_context: *mut c_void) -> i32 {
    STICKY.load(Ordering::SeqCst)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleLoadDataEx(
    module: *mut *mut c_void,
    image: *const c_void,
    _options: c_uint,
    _names: *mut c_int,
    _values: *mut *mut c_void,
) -> i32 {
    if image.is_null() || Faults::now().has("kernels-refused") {
        return INVALID_IMAGE;
    }
    unsafe { put(module, std::ptr::dangling_mut()) }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuModuleUnload(_module: *mut c_void) -> i32 {
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuModuleGetFunction(
    function: *mut *const &'static str,
    _module: *mut c_void,
    name: *const c_char,
) -> i32 {
    let name = unsafe { CStr::from_ptr(name) };
    let mut entries = tutti_kernels::ENTRY_POINTS.iter();
    match entries.find(|known| known.name.as_bytes() == name.to_bytes()) {
        Some(known) => unsafe { put(function, std::ptr::from_ref(&known.name)) },
        None => NOT_FOUND,
    }
}

fn allocate(bytes: usize) -> Option<usize> {
    let mut memory = MEMORY.lock().expect("no thread panics with it");
    let given: usize = memory.values().sum();
    let limit = Faults::now().number("memory").unwrap_or(1 << 30) as usize;
    if bytes == 0 || given + bytes > limit {
        return None;
    }
    let layout = Layout::from_size_align(bytes, 256).ok()?;
    // SAFETY: the size is not zero.
    let start = unsafe { alloc_zeroed(layout) } as usize;
    memory.insert(start, bytes);
    Some(start)
}

fn free(start: usize) -> i32 {
    let Some(bytes) = MEMORY
        .lock()
        .expect("no thread panics with it")
        .remove(&start)
    else {
        return INVALID_VALUE;
    };
    let layout = Layout::from_size_align(bytes, 256).expect("as it was given");
    // SAFETY: it was given out with this layout and is no longer listed.
    unsafe { dealloc(start as *mut u8, layout) };
    SUCCESS
}

/// Whether the range lies in one piece of memory that was given out.
fn given(start: u64, bytes: usize) -> bool {
    let memory = MEMORY.lock().expect("no thread panics with it");
    let piece = memory.range(..=start as usize).next_back();
    piece.is_some_and(|(from, length)| start as usize + bytes <= from + length)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemAlloc_v2(pointer: *mut u64, bytes: usize) -> i32 {
    sound!();
    match allocate(bytes) {
        Some(start) => unsafe { put(pointer, start as u64) },
        None => OUT_OF_MEMORY,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemFree_v2(pointer: u64) -> i32 {
    free(pointer as usize)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemAllocHost_v2(pointer: *mut *mut c_void, bytes: usize) -> i32 {
    sound!();
    match allocate(bytes) {
        Some(start) => unsafe { put(pointer, start as *mut c_void) },
        None => OUT_OF_MEMORY,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuMemFreeHost(pointer: *mut c_void) -> i32 {
    free(pointer as usize)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemsetD8_v2(pointer: u64, value: u8, bytes: usize) -> i32 {
    sound!();
    if !given(pointer, bytes) {
        return INVALID_VALUE;
    }
    unsafe { std::ptr::write_bytes(pointer as *mut u8, value, bytes) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemsetD8Async(
    pointer: u64,
    value: u8,
    bytes: usize,
    _stream: *mut c_void,
) -> i32 {
    unsafe { cuMemsetD8_v2(pointer, value, bytes) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize) -> i32 {
    sound!();
    if !given(to, bytes) {
        return INVALID_VALUE;
    }
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to as *mut u8, bytes) };
    SUCCESS
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyHtoDAsync_v2(
    to: u64,
    from: *const c_void,
    bytes: usize,
    _stream: *mut c_void,
) -> i32 {
    unsafe { cuMemcpyHtoD_v2(to, from, bytes) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuMemcpyDtoHAsync_v2(
    to: *mut c_void,
    from: u64,
    bytes: usize,
    _stream: *mut c_void,
) -> i32 {
    sound!();
    if !given(from, bytes) {
        return INVALID_VALUE;
    }
    let faults = Faults::now();
    if faults.has("stale") {
        return SUCCESS;
    }
    unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to.cast::<u8>(), bytes) };
    let read = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), bytes) };
    spoil(read, &faults);
    SUCCESS
}

/// `flip N` turns a bit in every N-th word that is read, `fill B` makes all bytes B.
fn spoil(bytes: &mut [u8], faults: &Faults) {
    if let Some(value) = faults.number("fill") {
        bytes.fill(value as u8);
    }
    let Some(every) = faults.number("flip") else {
        return;
    };
    for word in bytes.chunks_mut(4) {
        let number = WORDS_READ.fetch_add(1, Ordering::SeqCst);
        if number.is_multiple_of(every.max(1)) {
            let bit =
                (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % (8 * word.len());
            word[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// For tests that end this process while it does nothing: its number, in a file beside the faults.
fn tell_who_hangs() {
    if let Some(faults) = std::env::var_os("TUTTI_FAKE_CUDA") {
        let told = std::path::Path::new(&faults).with_file_name("hangs");
        // A test that waits for it says that it is missing.
        let _ = std::fs::write(told, format!("{}\n", std::process::id()));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuLaunchKernel(
    function: *const &'static str,
    grid: c_uint,
    _grid_y: c_uint,
    _grid_z: c_uint,
    block: c_uint,
    _block_y: c_uint,
    _block_z: c_uint,
    _shared: c_uint,
    _stream: *mut c_void,
    parameters: *mut *mut c_void,
    _extra: *mut *mut c_void,
) -> i32 {
    sound!();
    let entry = unsafe { *function };
    let faults = Faults::now();
    if faults.befalls("hang", entry) {
        tell_who_hangs();
        std::thread::sleep(Duration::from_hours(1));
    }
    if faults.befalls("die", entry) {
        std::process::abort();
    }
    // 719 a failed launch, 214 memory that cannot be corrected, 909 a time-out.
    for (fault, result) in [("launch-fails", 719), ("ecc", 214), ("timeout", 909)] {
        if faults.befalls(fault, entry) {
            STICKY.store(result, Ordering::SeqCst);
            return SUCCESS;
        }
    }
    if faults.befalls("skip", entry) {
        return SUCCESS;
    }
    match unsafe { tutti_kernels::host::launch(entry, grid, block, parameters) } {
        Ok(()) => SUCCESS,
        Err(_) => NOT_FOUND,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuStreamCreateWithPriority(
    stream: *mut *mut c_void,
    _flags: c_uint,
    _priority: c_int,
) -> i32 {
    sound!();
    unsafe { put(stream, std::ptr::dangling_mut()) }
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamSynchronize(_stream: *mut c_void) -> i32 {
    STICKY.load(Ordering::SeqCst)
}

#[unsafe(no_mangle)]
pub extern "C" fn cuStreamDestroy_v2(_stream: *mut c_void) -> i32 {
    SUCCESS
}
