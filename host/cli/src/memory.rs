//! What the process asks of the system's allocator.

/// What lies free at a heap's end is kept for the next request: glibc gives it back to the system at once, and the thread
/// that needs it again has to have it mapped anew, page by page.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub(crate) fn keep_what_is_freed() {
    /// Of each heap; glibc keeps no larger piece in its heaps either.
    const KEPT_MAX: libc::c_int = 32 << 20;
    for parameter in [libc::M_TRIM_THRESHOLD, libc::M_MMAP_THRESHOLD] {
        // SAFETY: nothing safe sets this. `mallopt` is given two numbers, asks nothing of memory, takes the allocator's
        // lock, and leaves everything as it is where it does not know a number.
        unsafe { libc::mallopt(parameter, KEPT_MAX) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_what_is_freed() {}
