//! Machines without a driver, with another one, and with devices that will not do.

use std::path::Path;

use tutti_backend_cuda::{Failure, StartError, WorkerFault};

use crate::machine::Machine;

fn failure(machine: &Machine) -> Failure {
    match machine.start() {
        Err(StartError::Worker(WorkerFault::Failed(failure))) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_driver_it_says_what_is_missing() {
    let machine = Machine::without_driver();
    let Failure::NoDriver(why) = failure(&machine) else {
        panic!("there is no driver");
    };
    assert!(why.contains("libcuda.so.1"), "{why}");
}

#[test]
fn a_broken_library_is_no_driver() {
    let machine = Machine::without_driver();
    let broken = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(broken.path(), b"\x7fELF but not for long").expect("it can be written");
    machine.install(broken.path());
    assert!(matches!(failure(&machine), Failure::NoDriver(_)));
}

/// A good library that has none of the driver's functions.
#[test]
fn another_library_is_no_driver() {
    let candidates = [
        "/lib/x86_64-linux-gnu/libm.so.6",
        "/lib64/libm.so.6",
        "/usr/lib/libm.so.6",
    ];
    let Some(other) = candidates.iter().map(Path::new).find(|path| path.exists()) else {
        eprintln!("no library of this system is where it was looked for");
        return;
    };
    let machine = Machine::without_driver();
    machine.install(other);
    assert!(matches!(failure(&machine), Failure::NoDriver(_)));
}

#[test]
fn what_a_device_lacks_is_named() {
    let machine = Machine::new();
    machine.faults("no-device");
    assert!(matches!(failure(&machine), Failure::NoDriver(_)));
    machine.faults("driver 12040");
    let old = failure(&machine);
    assert_eq!(old, Failure::OldDriver { found: 12_040 });
    assert!(old.to_string().contains("580"), "{old}");
    machine.faults("kernels-refused");
    assert!(matches!(failure(&machine), Failure::KernelsRefused(_)));
    machine.faults("memory 1000000");
    assert!(matches!(failure(&machine), Failure::OutOfMemory(_)));
    machine.faults("");
    assert!(machine.start().is_ok());
}
