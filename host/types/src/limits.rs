/// Every limit of the appliance, with its reason. "Full" is a normal answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Items in one request: a full mainnet slot (35,100 sets) fits twice.
    pub items_per_request_max: usize,
    /// Signers of one request, all items together: a block under Electra names 31,000 keys,
    /// an aggregate-heavy slot half a million.
    pub signers_per_request_max: usize,
    /// A message is hashed byte by byte; nobody signs more than a digest, some sign a document.
    pub message_bytes_max: usize,
    /// Pairs of one product check: the largest calldata a block can hold is below this.
    pub pairs_per_check_max: usize,
    /// One decoded gRPC message: 100,000 signatures of 96 bytes and their messages, with room.
    pub request_bytes_max: usize,
    /// Mainnet has one million validators; Holesky had 1.8 million.
    pub keys_per_set_max: usize,
    /// Key sets kept at once.
    pub key_sets_max: usize,
    /// Keys in all sets together: 96 bytes each on the device, 3 GiB at this limit for G1.
    pub keys_total_max: usize,
    /// Work accepted but not yet answered, in microseconds of one core: room for the largest
    /// request of all distinct messages. Sources are served in turn, so that a newcomer does
    /// not wait behind it.
    pub queued_cost_us_max: u64,
    /// Items accepted but not yet answered, whatever they cost: bounds memory.
    pub queued_items_max: usize,
    /// Parcels (requests or parts of them) accepted but not yet answered.
    pub queued_parcels_max: usize,
    /// Items of one batch. Past 4,096 a batch gains little and delays whoever comes next.
    pub batch_items_max: usize,
    /// Work of one batch in microseconds of one core, for the same reason.
    pub batch_cost_us_max: u64,
    /// Certificates in one request: each names up to some hundred keys; as many as fill a batch.
    pub certificates_per_request_max: usize,
    /// Operators of all sets together whose place in their set's tree is remembered, so that
    /// certificates may leave out their proofs: two hundred bytes each.
    pub witnesses_remembered_max: usize,
    /// Calls that watch operator sets: relayers and consoles, not the public.
    pub set_watchers_max: usize,
    /// Changes of operator sets that a watcher may be behind: as many as there can be sets.
    pub set_changes_waiting_max: usize,
    /// Requests in flight on one stream.
    pub stream_requests_max: usize,
    /// HTTP/2 streams of one connection.
    pub streams_per_connection_max: u32,
    pub connections_max: usize,
    /// Validated inline keys, hashed messages and aggregated keys kept for reuse.
    pub cached_keys_max: usize,
    pub cached_messages_max: usize,
    pub cached_aggregates_max: usize,
    /// Sources whose behaviour is remembered.
    pub sources_tracked_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            items_per_request_max: 131_072,
            signers_per_request_max: 2_097_152,
            message_bytes_max: 65_536,
            pairs_per_check_max: 32_768,
            request_bytes_max: 64 << 20,
            keys_per_set_max: 2_000_000,
            key_sets_max: 1_024,
            keys_total_max: 8_000_000,
            queued_cost_us_max: 125_000_000,
            queued_items_max: 1_000_000,
            queued_parcels_max: 65_536,
            batch_items_max: 4_096,
            batch_cost_us_max: 2_500_000,
            certificates_per_request_max: 4_096,
            witnesses_remembered_max: 65_536,
            set_watchers_max: 64,
            set_changes_waiting_max: 1_024,
            stream_requests_max: 64,
            streams_per_connection_max: 256,
            connections_max: 1_024,
            cached_keys_max: 1 << 20,
            cached_messages_max: 1 << 16,
            cached_aggregates_max: 1 << 14,
            sources_tracked_max: 4_096,
        }
    }
}
