use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Five times a second is nothing to what is measured.
const TICK: Duration = Duration::from_millis(200);

/// A bar on standard error while it lives, where that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    ended: Arc<AtomicBool>,
    clock: Option<JoinHandle<()>>,
}

impl Progress {
    /// Something that takes as long as it takes.
    pub(crate) fn of(what: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        Self::ticking(bar)
    }

    /// Something that takes a known time, or a little more.
    pub(crate) fn over(what: &str, time: Duration) -> Self {
        let style = ProgressStyle::with_template("{msg:20} {wide_bar} {elapsed}/{len}s")
            .expect("the template is well-formed");
        let bar = ProgressBar::new(time.as_secs().max(1))
            .with_style(style)
            .with_message(what.to_owned());
        Self::ticking(bar)
    }

    fn ticking(bar: ProgressBar) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        // Nobody looks at a bar that is not drawn.
        let clock = (!bar.is_hidden()).then(|| {
            let (bar, ended, start) = (bar.clone(), Arc::clone(&ended), Instant::now());
            std::thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    bar.set_position(start.elapsed().as_secs());
                    bar.tick();
                    std::thread::sleep(TICK);
                }
            })
        });
        Self { bar, ended, clock }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(clock) = self.clock.take() {
            // It only draws.
            let _ = clock.join();
        }
        self.bar.finish_and_clear();
    }
}
