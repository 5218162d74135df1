//! The entry points as plain C++, run thread by thread by the caller.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};

#[repr(C)]
struct Entry {
    name: *const c_char,
    run: Option<unsafe extern "C" fn(u32, u32, *mut *mut c_void)>,
}

// SAFETY: the names and types are those that build.rs writes into each group's table.
unsafe extern "C" {
    static tutti_kernels_group_0: Entry;
    static tutti_kernels_group_1: Entry;
    static tutti_kernels_group_2: Entry;
    fn tutti_kernels_take_multiply_adds() -> u64;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEntry(pub String);

impl std::fmt::Display for UnknownEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "there is no entry point {}; tutti_kernels::ENTRY_POINTS lists them",
            self.0
        )
    }
}

impl std::error::Error for UnknownEntry {}

/// Runs every thread of the grid, one after the other, in this thread. Several threads may launch at a time.
///
/// # Safety
/// `parameters` holds a pointer to each argument of the entry point, as `cuLaunchKernel` has it; the memory that the
/// arguments name is as large as README.md says and nobody else writes to it.
pub unsafe fn launch(
    name: &str,
    grid: u32,
    block: u32,
    parameters: *mut *mut c_void,
) -> Result<(), UnknownEntry> {
    let run = find(name).ok_or_else(|| UnknownEntry(name.to_owned()))?;
    // SAFETY: the caller vouches for the arguments.
    unsafe { run(grid, block, parameters) };
    Ok(())
}

fn find(name: &str) -> Option<unsafe extern "C" fn(u32, u32, *mut *mut c_void)> {
    let groups = [
        &raw const tutti_kernels_group_0,
        &raw const tutti_kernels_group_1,
        &raw const tutti_kernels_group_2,
    ];
    groups.into_iter().find_map(|mut entry| {
        // SAFETY: each table ends with an entry without a function, and names are C strings.
        unsafe {
            while let Some(run) = (*entry).run {
                if CStr::from_ptr((*entry).name).to_bytes() == name.as_bytes() {
                    return Some(run);
                }
                entry = entry.add(1);
            }
        }
        None
    })
}

/// Products of 32-bit words since the last call, in this thread.
pub fn take_multiply_adds() -> u64 {
    // SAFETY: the function takes no arguments and touches a counter of this thread.
    unsafe { tutti_kernels_take_multiply_adds() }
}
