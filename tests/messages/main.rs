//! Lists of ECDSA signatures are believed exactly where the systems that use them believe them.

mod beefy;
mod hostile;
mod hyperlane;
mod mainnet;
mod rig;
mod wormhole;
