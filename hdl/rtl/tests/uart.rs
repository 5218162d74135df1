//! The serial line in rust-hdl's simulation loop.
use rust_hdl::prelude::*;
use tutti_rtl::uart::{Receiver, Sender};

fn cycle<B: Block>(block: &mut B, set_clock: impl Fn(&mut B, bool)) {
    for level in [false, true] {
        set_clock(block, level);
        assert!(simulate(block, 100));
    }
}

/// Sends at one speed and listens at another, which the line allows within some percent.
fn sent_and_received(bytes: &[u8], sender_clocks: u16, receiver_clocks: u16) -> Vec<u8> {
    let mut sender = Sender::new(sender_clocks);
    let mut receiver = Receiver::new(receiver_clocks);
    sender.connect_all();
    receiver.connect_all();
    assert!(simulate(&mut sender, 100));
    let mut left = bytes.iter();
    let mut next = left.next();
    let mut got = Vec::new();
    for _ in 0..(bytes.len() + 3) * 11 * usize::from(sender_clocks) {
        if let Some(&byte) = next {
            sender.data.next = u64::from(byte).into();
        }
        sender.valid.next = next.is_some();
        let taken = next.is_some() && sender.ready.val();
        receiver.line.next = sender.line.val();
        cycle(&mut sender, |sender, level| {
            sender.clock.next = level.into();
        });
        cycle(&mut receiver, |receiver, level| {
            receiver.clock.next = level.into();
        });
        if taken {
            next = left.next();
        }
        if receiver.valid.val() {
            got.push(receiver.data.val().to_u8());
        }
    }
    got
}

#[test]
fn bytes_come_through() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(sent_and_received(&bytes, 30, 30), bytes);
    assert_eq!(sent_and_received(&bytes, 4, 4), bytes);
}

#[test]
fn clocks_may_differ_by_three_percent() {
    let bytes: Vec<u8> = (0..64).map(|i| 0x55 ^ i).collect();
    assert_eq!(sent_and_received(&bytes, 30, 31), bytes);
    assert_eq!(sent_and_received(&bytes, 31, 30), bytes);
    assert_ne!(sent_and_received(&bytes, 30, 35), bytes);
}

#[test]
fn noise_is_no_byte() {
    let mut receiver = Receiver::new(30);
    receiver.connect_all();
    for clock in 0..2000u32 {
        // Pulses shorter than half a bit, and a line that stays low: no stop bit.
        let low = (clock % 100 < 5 && clock < 1000) || (1200..1800).contains(&clock);
        receiver.line.next = !low;
        cycle(&mut receiver, |receiver, level| {
            receiver.clock.next = level.into();
        });
        assert!(!receiver.valid.val(), "clock {clock}");
    }
}
