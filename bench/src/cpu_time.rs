use std::fs;
use std::time::Duration;

/// CPU time of this process's threads up to now, those of the load generator apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) generator: Duration,
    pub(crate) others: Duration,
}

impl CpuTime {
    /// From the scheduler's own account; nothing where the system keeps none. A thread that has
    /// ended is not in it any more.
    pub(crate) fn now() -> Self {
        let mut time = Self::default();
        for thread in fs::read_dir("/proc/self/task")
            .into_iter()
            .flatten()
            .flatten()
        {
            let read = |file: &str| fs::read_to_string(thread.path().join(file));
            let (Ok(name), Ok(account)) = (read("comm"), read("schedstat")) else {
                continue;
            };
            let on_cpu = account.split(' ').next().and_then(|ns| ns.parse().ok());
            let on_cpu = Duration::from_nanos(on_cpu.unwrap_or(0));
            if name.starts_with(crate::load::GENERATOR_THREADS) {
                time.generator += on_cpu;
            } else {
                time.others += on_cpu;
            }
        }
        time
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            generator: self.generator.saturating_sub(earlier.generator),
            others: self.others.saturating_sub(earlier.others),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn work_is_booked_to_the_thread_that_does_it() {
        let before = CpuTime::now();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::Builder::new()
            .name("load-test".into())
            .spawn(move || {
                let start = Instant::now();
                let mut number = 1u64;
                while start.elapsed() < Duration::from_millis(400) {
                    number = std::hint::black_box(number.wrapping_mul(3));
                }
                let _ = stopped.recv();
            })
            .expect("a thread");
        std::thread::sleep(Duration::from_millis(500));
        let used = CpuTime::now().since(&before);
        stop.send(()).expect("the worker waits");
        worker.join().expect("the worker ends");
        // Others may have the core for a good part of the time.
        assert!(used.generator > Duration::from_millis(40), "{used:?}");
    }
}
