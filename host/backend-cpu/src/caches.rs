//! What was computed once and will be asked for again. All bounded; only what was fully
//! checked is kept, under names that two different things cannot share.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use tutti_backend::Hashing;
use tutti_curves::{Bn254Sig, Group, MinPk, MinSig, Signed};

use crate::CpuConfig;

#[derive(Debug)]
pub(crate) struct Caches {
    pub(crate) min_pk: WorldCaches<MinPk>,
    pub(crate) min_sig: WorldCaches<MinSig>,
    pub(crate) bn254: WorldCaches<Bn254Sig>,
}

impl Caches {
    pub(crate) fn new(config: &CpuConfig) -> Self {
        Self {
            min_pk: WorldCaches::new(config),
            min_sig: WorldCaches::new(config),
            bn254: WorldCaches::new(config),
        }
    }

    pub(crate) fn counters(&self) -> Vec<(&'static str, u64)> {
        let mut sums = [0; 6];
        for counts in [
            self.min_pk.counts(),
            self.min_sig.counts(),
            self.bn254.counts(),
        ] {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let names = [
            "key_cache_hits",
            "key_cache_misses",
            "message_cache_hits",
            "message_cache_misses",
            "aggregate_cache_hits",
            "aggregate_cache_misses",
        ];
        names.into_iter().zip(sums).collect()
    }
}

/// A message and everything that decides which point it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MessageTag {
    pub(crate) hashing: Arc<Hashing>,
    pub(crate) augmentation: Option<Box<[u8]>>,
    pub(crate) message: Arc<[u8]>,
}

impl MessageTag {
    /// What is hashed.
    pub(crate) fn whole(&self) -> Cow<'_, [u8]> {
        match &self.augmentation {
            None => Cow::Borrowed(&self.message),
            Some(augmentation) => Cow::Owned([augmentation, &*self.message].concat()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct WorldCaches<W: Signed> {
    /// By the key's bytes as they came: only canonical bytes get this far.
    pub(crate) keys: Counted<Box<[u8]>, <W::Key as Group>::Affine>,
    pub(crate) messages: Counted<MessageTag, <W::Sig as Group>::Affine>,
    /// By SHA-256 of the key set's id and the indices.
    pub(crate) aggregates: Counted<[u8; 32], <W::Key as Group>::Affine>,
}

impl<W: Signed> WorldCaches<W> {
    fn new(config: &CpuConfig) -> Self {
        Self {
            keys: Counted::new(config.cached_keys_max),
            messages: Counted::new(config.cached_messages_max),
            aggregates: Counted::new(config.cached_aggregates_max),
        }
    }

    fn counts(&self) -> [u64; 6] {
        let [key_hits, key_misses] = self.keys.counts();
        let [message_hits, message_misses] = self.messages.counts();
        let [sum_hits, sum_misses] = self.aggregates.counts();
        [
            key_hits,
            key_misses,
            message_hits,
            message_misses,
            sum_hits,
            sum_misses,
        ]
    }
}

/// A bounded cache that counts; none at all for a capacity of zero.
#[derive(Debug)]
pub(crate) struct Counted<K: std::hash::Hash + Eq, V> {
    cache: Option<Cache<K, V>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K: std::hash::Hash + Eq, V: Clone> Counted<K, V> {
    fn new(capacity: usize) -> Self {
        Self {
            cache: (capacity > 0).then(|| Cache::new(capacity)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let found = self.cache.as_ref()?.get(key);
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Whether it is there; not counted.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.cache
            .as_ref()
            .is_some_and(|cache| cache.contains_key(key))
    }

    pub(crate) fn put(&self, key: K, value: V) {
        if let Some(cache) = &self.cache {
            cache.insert(key, value);
        }
    }

    fn counts(&self) -> [u64; 2] {
        [
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_remembered_than_allowed() {
        for allowed in [0, 1, 10, 1_000] {
            let cache = Counted::new(allowed);
            for n in 0..10_000_u32 {
                cache.put(n, n);
            }
            let kept = (0..10_000).filter(|n| cache.get(n) == Some(*n)).count();
            assert!(kept <= allowed, "{kept} of {allowed}");
            assert!(2 * kept >= allowed, "{kept} of {allowed}");
        }
    }
}
